"""What nbgrader does with the course's notebooks. nbgrader reads this file in the folder it is called in.

The course's packages, `helpers` among them, must be installed where nbgrader runs, and where learners work.
"""

import nbformat
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    ComputeChecksums,
    DeduplicateIds,
    Execute,
    IncludeHeaderFooter,
    LimitOutput,
    LockCells,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
    SaveCells,
)
from nbgrader.utils import is_grade, is_solution

from helpers.exercises.needed import needed

SECONDS = 30  # that a cell with an answer may take in grading, and the locked one below it again
OTHERS = 300  # seconds for any other cell


class PutBack(OverwriteCells):
    """Locked cells are what they were: those that were edited, and those that were deleted."""

    add_missing_cells = True

    def add_missing_grade_cells(self, nb, resources):
        """Put them where they can run whatever else is gone: the points at the end, the imports at the beginning."""
        known = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        points = {cell.name: cell.max_score for cell in known.grade_cells}
        there = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells}
        for cell in known.source_cells:
            if not cell.locked or cell.name in there:
                continue
            if cell.name in points:
                again = self.missing_cell_transform(cell, points[cell.name])
                again["id"] = f"again-{cell.name}"
                nb.cells.append(again)
            else:
                nb.cells.insert(0, nbformat.v4.new_code_cell(cell.source, id=f"again-{cell.name}"))
        return nb, resources


class OnlyWhatIsNeeded(NbGraderPreprocessor):
    """Run the answers, and of the lesson around them what they use: the trainings of a lesson take minutes."""

    def preprocess(self, nb, resources):
        """Tag the cells that nbclient, which runs the notebook, must pass over."""
        cells = [cell for cell in nb.cells if cell.cell_type == "code"]
        graded = [number for number, cell in enumerate(cells) if is_solution(cell) or is_grade(cell)]
        run = needed([cell.source for cell in cells], graded)
        for number, cell in enumerate(cells):
            if number not in run:
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "skip-execution"]
        return nb, resources


c = get_config()  # noqa: F821 - nbgrader defines it
c.CourseDirectory.course_id = "cnn"
# Without ClearSolutions: the gaps in the cells are the course's own, and nothing has to be taken out.
c.GenerateAssignment.preprocessors = [
    IncludeHeaderFooter, LockCells, ClearOutput, CheckCellMetadata, ComputeChecksums, SaveCells, CheckCellMetadata,
]  # fmt: skip
c.Autograde.sanitize_preprocessors = [
    ClearOutput, DeduplicateIds, OverwriteKernelspec, PutBack, CheckCellMetadata,
]  # fmt: skip
c.Autograde.autograde_preprocessors = [
    OnlyWhatIsNeeded, Execute, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata,
]  # fmt: skip
c.Execute.timeout_func = lambda cell: SECONDS if is_solution(cell) or is_grade(cell) else OTHERS
