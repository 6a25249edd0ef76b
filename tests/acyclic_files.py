"""A contract for import-linter: no file imports itself, however long the way round."""

from graphlib import CycleError, TopologicalSorter

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output


class AcyclicFiles(Contract):
    """Holds when the files can be put into an order in which each imports earlier ones only."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        imported = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
        try:
            TopologicalSorter(imported).prepare()
        except CycleError as found:
            return ContractCheck(kept=False, metadata={"circle": list(reversed(found.args[1]))})
        return ContractCheck(kept=True)

    def render_broken_contract(self, check: ContractCheck) -> None:
        output.print_error(" -> ".join(check.metadata["circle"]))
