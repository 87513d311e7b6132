"""The items of two reporting guidelines, in this project's own words, and what may answer them.

Sources: CLAIM 2024, Tejani et al., Radiol Artif Intell 6:e240300 (2024), doi:10.1148/ryai.240300;
TRIPOD+AI, Collins et al., BMJ 385:e078378 (2024), doi:10.1136/bmj-2023-078378.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Item(NamedTuple):
    """An item of a guideline.

    Attributes:
        number: In the guideline.
        what: What it asks for, in short.
        facts: Names of what may answer it, see `reporting_sheet.facts_of`.
    """

    number: str
    what: str
    facts: tuple[str, ...] = ()


class Checklist(NamedTuple):
    """A reporting guideline.

    Attributes:
        name: Its name.
        source: Where it is published.
        items: By section.
    """

    name: str
    source: str
    items: tuple[tuple[str, tuple[Item, ...]], ...]


CLAIM: Final = Checklist(
    "CLAIM 2024",
    "Tejani et al., Radiol Artif Intell 2024;6:e240300, doi:10.1148/ryai.240300",
    (
        (
            "Title, abstract, introduction",
            (
                Item("1", "Kind of AI method in title or abstract", ("method",)),
                Item("2", "Structured abstract"),
                Item("3", "Background, intended use and role", ("use",)),
                Item("4", "Aims, objectives, hypotheses"),
            ),
        ),
        (
            "Methods",
            (
                Item("5", "Prospective or retrospective"),
                Item("6", "Goal of the study"),
                Item("7", "Sources of data", ("data",)),
                Item("8", "Inclusion and exclusion criteria"),
                Item("9", "Preprocessing", ("preprocessing", "patches")),
                Item("10", "Selection of subsets of data"),
                Item("11", "De-identification"),
                Item("12", "Missing data", ("missing",)),
                Item("13", "Acquisition of images"),
                Item("14", "Definition of the reference standard", ("reference",)),
                Item("15", "Rationale of the reference standard"),
                Item("16", "Source of its annotations"),
                Item("17", "Annotation of the test set"),
                Item("18", "Variability within and between readers", ("agreement",)),
                Item("19", "Assignment to partitions", ("folds",)),
                Item("20", "Level at which partitions are disjoint", ("disjoint",)),
                Item("21", "Sample size intended"),
                Item("22", "Model", ("architecture", "inputs", "thresholds")),
                Item("23", "Software", ("software",)),
                Item("24", "Initial parameters", ("start",)),
                Item("25", "Training", ("training",)),
                Item("26", "Selection of the final model", ("selection",)),
                Item("27", "Ensembling", ("ensemble",)),
                Item("28", "Metrics", ("metrics",)),
                Item("29", "Significance and uncertainty", ("uncertainty",)),
                Item("30", "Robustness, sensitivity analysis"),
                Item("31", "Explainability", ("explanation",)),
                Item("32", "Evaluation on internal data", ("internal",)),
                Item("33", "Testing on external data", ("external",)),
                Item("34", "Registration of the trial"),
            ),
        ),
        (
            "Results",
            (
                Item("35", "Patients included and excluded", ("numbers",)),
                Item("36", "Demographic and clinical characteristics of each partition"),
                Item("37", "Performance on test data", ("performance",)),
                Item("38", "Diagnostic performance and its precision", ("performance",)),
                Item("39", "Analysis of errors"),
            ),
        ),
        (
            "Discussion, other information",
            (
                Item("40", "Limitations", ("limits",)),
                Item("41", "Implications for practice"),
                Item("42", "Protocol or further technical details"),
                Item("43", "Software, model, data: where they are", ("availability",)),
                Item("44", "Funding, role of funders"),
            ),
        ),
    ),
)

TRIPOD_AI: Final = Checklist(
    "TRIPOD+AI",
    "Collins et al., BMJ 2024;385:e078378, doi:10.1136/bmj-2023-078378",
    (
        (
            "Title, abstract, introduction",
            (
                Item("1", "Title: development or evaluation, target population, outcome"),
                Item("2", "Abstract by TRIPOD+AI for Abstracts"),
                Item("3a", "Healthcare context, rationale"),
                Item("3b", "Target population, intended purpose and users", ("use",)),
                Item("3c", "Known health inequalities"),
                Item("4", "Objectives"),
            ),
        ),
        (
            "Methods",
            (
                Item("5a", "Sources of data", ("data",)),
                Item("5b", "Dates of collection"),
                Item("6a", "Setting"),
                Item("6b", "Eligibility"),
                Item("6c", "Treatments"),
                Item("7", "Preparation of data", ("preprocessing", "patches")),
                Item("8a", "Outcome", ("reference",)),
                Item("8b", "Qualification of outcome assessors"),
                Item("8c", "Blinding of outcome assessment"),
                Item("9a", "Choice of predictors", ("inputs",)),
                Item("9b", "Definition of predictors", ("preprocessing", "patches")),
                Item("9c", "Qualification of predictor assessors"),
                Item("10", "Sample size"),
                Item("11", "Missing data", ("missing",)),
                Item("12a", "Use of data, partitions", ("folds", "disjoint")),
                Item("12b", "Handling of predictors", ("preprocessing", "patches")),
                Item("12c", "Model and how it is built", ("architecture", "training", "selection")),
                Item("12d", "Heterogeneity across clusters"),
                Item("12e", "Measures of performance", ("metrics", "uncertainty")),
                Item("12f", "Updating of the model"),
                Item("12g", "How predictions are calculated", ("inputs", "ensemble", "software")),
                Item("13", "Class imbalance", ("balance",)),
                Item("14", "Fairness"),
                Item("15", "Output of the model, thresholds", ("output", "thresholds")),
                Item("16", "Differences between development and evaluation"),
                Item("17", "Ethical approval"),
            ),
        ),
        (
            "Open science, involvement",
            (
                Item("18a", "Funding"),
                Item("18b", "Conflicts of interest"),
                Item("18c", "Protocol"),
                Item("18d", "Registration"),
                Item("18e", "Sharing of data"),
                Item("18f", "Sharing of code", ("availability",)),
                Item("19", "Involvement of patients and the public"),
            ),
        ),
        (
            "Results",
            (
                Item("20a", "Flow of participants", ("numbers",)),
                Item("20b", "Characteristics of participants"),
                Item("20c", "Comparison with development data"),
                Item("21", "Participants and events in each analysis", ("numbers",)),
                Item("22", "The full model", ("availability",)),
                Item("23a", "Performance with intervals, in subgroups", ("performance", "parts")),
                Item("23b", "Heterogeneity of performance"),
                Item("24", "Results of updating"),
            ),
        ),
        (
            "Discussion",
            (
                Item("25", "Interpretation, fairness"),
                Item("26", "Limitations", ("limits",)),
                Item("27a", "Poor or missing input in use", ("poor_input",)),
                Item("27b", "User interaction and expertise"),
                Item("27c", "Next steps"),
            ),
        ),
    ),
)

CHECKLISTS: Final = (CLAIM, TRIPOD_AI)
