"""What an object file asks for is read from the file itself, in each format that LLVM writes."""

import llvmlite.binding as llvm
import pytest

from odelib.pointers.objects import undefined_symbols

TEXT = """
declare double @sin(double)
declare double @unused(double)
@table = external global i64
@own = common global i64 0
define double @with_a_long_name_of_its_own(double %x) {
  %y = call double @sin(double %x)
  %n = load i64, ptr @table
  %m = load i64, ptr @own
  %k = add i64 %n, %m
  %z = sitofp i64 %k to double
  %w = fadd double %y, %z
  ret double %w
}
"""
TRIPLES = ["x86_64-unknown-linux-gnu", "x86_64-apple-darwin", "x86_64-pc-windows-msvc",
           "aarch64-unknown-linux-gnu", "aarch64_be-unknown-linux-gnu"]  # fmt: skip


@pytest.mark.parametrize("triple", TRIPLES)
def test_functions_and_variables_that_are_used_and_not_held(triple):
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(triple).create_target_machine()
    code = machine.emit_object(llvm.parse_assembly(f'target triple = "{triple}"\n{TEXT}'))
    found = set(undefined_symbols(code)) - {"_fltused", "_GLOBAL_OFFSET_TABLE_"}
    assert found == {"sin", "table"}


@pytest.mark.parametrize("code", [b"", b"\x7fELF", b"nonsense"])
def test_what_is_no_object_file_is_refused(code):
    with pytest.raises(ValueError, match="not an object file|not found"):
        undefined_symbols(code)
