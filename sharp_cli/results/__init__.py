"""What a command found: as a document of records, and in every form that it is written in.

`document` has the records, `assemble` makes them from what the stages give, `formats` writes and
reads them as JSON and CSV, `console` prints them, `overlay` draws them, `html` and `dicom` make
pages and DICOM objects; `layout` and `naming` say what lies where in a folder of results. Nothing
here runs a model.
"""
