"use strict";

/* Tables whose headers sort them: by the data-sort of the cells, or else by their text. */

/** A header row; each title is a button that sorts, a second press turns the order round. */
function sortingHead(titles) {
  const headers = titles.map((title) =>
    make("th", { scope: "col", "aria-sort": "none" },
      make("button", { type: "button", click: (event) => sortBy(event.currentTarget.parentElement) }, title)),
  );
  return make("thead", {}, make("tr", {}, headers));
}

function sortBy(header) {
  const down = header.getAttribute("aria-sort") === "ascending";
  for (const other of header.parentElement.cells) other.setAttribute("aria-sort", "none");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  const body = header.closest("table").tBodies[0];
  const value = (row) => {
    const cell = row.cells[header.cellIndex];
    return cell.dataset.sort ?? cell.textContent;
  };
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const order = (one, other) => {
    const [first, second] = [value(one), value(other)];
    // What has no value comes last either way.
    if (first === "" || second === "") return (first === "") - (second === "");
    const numbers = [Number(first), Number(second)];
    const sign = numbers.some(Number.isNaN) ? compare(first, second) : numbers[0] - numbers[1];
    return down ? -sign : sign;
  };
  body.append(...[...body.rows].sort(order));
}
