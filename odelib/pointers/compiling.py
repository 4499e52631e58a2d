"""A numba function compiled to a C function, without numba's wrappers for calls from Python."""

import functools
import importlib.util
import types

import llvmlite.binding as llvm
import numba
from llvmlite import ir
from numba.core import environment
from numba.core.codegen import RuntimeLinker

from odelib.pointers.identity import functions_used

_PREFIX = RuntimeLinker.PREFIX


class Compiled:
    """Machine code that numba has made, as long as this object lives."""

    def __init__(self, library, symbol, environments):
        self.library, self.symbol, self.environments = library, symbol, environments
        self.address = library.get_pointer_to_function(symbol)
        names = (function.name for function in library._final_module.functions)
        self.parallel = "numba_parallel_for" in names  # it starts threads of numba's


class _Plain(numba.core.dispatcher._FunctionCompiler):
    """Numba's compiler without the wrappers for calls from Python and C.

    Where the buffers that it is given lie apart, vector code needs no check of that.
    """

    apart = False

    def _customize_flags(self, flags):
        flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        flags.noalias = self.apart
        return flags


class _Library(numba.core.codegen.JITCodeLibrary):
    """Machine code in which functions that call themselves, or each other, are whole.

    Numba calls such a function through a variable that holds its address, `.numba.unresolved$NAME`,
    because it may have to make the code of the call before that of the function. Here the function
    is linked in and the variable becomes a constant, so that the code depends on nothing outside.
    """

    def _optimize_final_module(self):
        module, asked = self._final_module, set()
        while missing := set(_unresolved(module)) - asked:
            asked |= missing
            for name in missing:
                found = _library_of(name, self._codegen.function)
                if found or _holds(module, name):
                    module.link_in(_constant_address(self._codegen, name))
                if found:  # after the variable, which needs it: what nothing needs is left out
                    module.link_in(found._get_module_for_linking(), preserve=True)
        super()._optimize_final_module()

    def _finalize_specific(self):
        super()._finalize_specific()
        self._codegen.share_addresses()


def _unresolved(module):
    """Names of the functions that are called through a variable."""
    for variable in module.global_variables:
        if variable.is_declaration and variable.name.startswith(_PREFIX):
            yield variable.name.removeprefix(_PREFIX)


def _holds(module, name):
    return any(f.name == name and not f.is_declaration for f in module.functions)


def _library_of(name, function):
    """Where numba has the code of a function that this one uses; None if it has not."""
    for used in functions_used(function):
        for compiled in used.overloads.values():
            if compiled.fndesc.llvm_func_name == name:
                return compiled.library
    return None


def _constant_address(codegen, name):
    """A module with the variable that holds the address of this function, as a constant."""
    module = codegen._create_empty_module(name)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), []), name)
    pointer = ir.IntType(8).as_pointer()
    variable = ir.GlobalVariable(module, pointer, _PREFIX + name)
    variable.linkage, variable.global_constant = "linkonce_odr", True
    variable.initializer = function.bitcast(pointer)
    return llvm.parse_assembly(str(module))


class _Code(numba.core.codegen.JITCPUCodegen):
    """Numba's generator of machine code, with libraries as above and vectors of the whole width.

    LLVM uses half of AVX-512, because the first processors that had it slowed down for the rest.
    Those with avx512fp16 do not.
    """

    _library_class = _Library
    function = None  # what is being compiled

    def share_addresses(self):
        """Functions called through a variable here and defined by numba's generator; and back."""
        numbas = numba.core.registry.cpu_target.target_context.codegen()
        for caller, owner in ((self, numbas), (numbas, self)):
            pending = caller._rtlinker._unresolved
            for name in filter(owner._engine.is_symbol_defined, list(pending)):
                variable = pending.pop(name)
                variable.value = owner._engine.get_function_address(name)
                caller._rtlinker._resolved.append((name, variable))  # which keeps it alive

    def _customize_tm_features(self):
        features = super()._customize_tm_features()
        return f"{features},-prefer-256-bit" if "+avx512fp16" in features else features


@functools.cache
def _target(description):
    """Numba's description of the processor, with this generator."""
    context = description.target_context
    context.refresh()
    context = context.subtarget(enable_nrt=True, _internal_codegen=_Code("odelib"))
    return types.SimpleNamespace(
        options=description.options,
        typing_context=description.typing_context,
        target_context=context,
    )


def compile_c(signature, function, kinds, arguments, result, otherwise=None):
    """See `c_function` in machine_code.py, whose arguments these are."""
    _load_array_functions()
    codegen = _target(function.targetdescr).target_context.codegen()
    with numba.core.compiler_lock.global_compiler_lock:
        outer, codegen.function = codegen.function, function  # f may solve a problem itself
        try:
            try:
                return _compile(signature, function, kinds, arguments, result)
            except Exception:  # numba fails in many ways
                if otherwise is None:
                    raise
            return _compile(signature, otherwise, kinds, arguments, result)
        finally:
            codegen.function = outer


def _compile(signature, function, kinds, arguments, result):
    description = _target(function.targetdescr)
    context = description.target_context
    compiler = _Plain(
        function.py_func, description, function.targetoptions, function.locals,
        function._compiler.pipeline_class,
    )  # fmt: skip
    compiler.apart = function.targetoptions.get("_nrt") is False
    kinds = compiler.fold_argument_types(kinds, {})[1]  # defaults, and *args as one tuple
    inner = compiler.compile(kinds, None)

    library = context.codegen().create_library("odelib")
    symbol = f"odelib.{inner.fndesc.llvm_func_name}"
    module = library.create_ir_module(symbol)
    c_type = ir.FunctionType(*_llvm_types(context, signature))
    c_function = ir.Function(module, c_type, symbol)
    builder = ir.IRBuilder(c_function.append_basic_block())
    callee = context.declare_function(module, inner.fndesc)
    values = arguments(context, builder, *c_function.args)
    status, value = context.call_conv.call_function(
        builder, callee, inner.signature.return_type, kinds,
        _folded(context, builder, kinds, values), attrs=("alwaysinline",),
    )  # fmt: skip
    with builder.if_then(status.is_error, likely=False):
        builder.ret(ir.Constant(c_type.return_type, 1))
    kind = inner.signature.return_type
    builder.ret(result(context, builder, kind, value, *c_function.args))
    library.add_ir_module(module)
    library.add_linking_library(inner.library)
    library.add_linking_library(numba.core.runtime.rtsys.library)
    library.enable_object_caching()
    library.finalize()
    return Compiled(library, symbol, _environments(library))


def _environments(library):
    """The Python objects that the functions of the library use, each put where they look for it."""
    found = []
    for variable in library._final_module.global_variables:
        known = environment.lookup_environment(variable.name)
        if known is not None:
            library.codegen.set_env(variable.name, known)
            found.append(known)
    return found


def _folded(context, builder, kinds, values):
    """The values as the function takes them: nothing for a default, one tuple for *args."""
    values, folded = list(values), []
    for kind in kinds:
        if isinstance(kind, numba.types.Omitted):
            folded.append(ir.Constant(context.get_value_type(kind), None))
        elif isinstance(kind, numba.types.StarArgTuple | numba.types.StarArgUniTuple):
            folded.append(context.make_tuple(builder, kind, values))
        else:
            folded.append(values.pop(0))
    return folded


def _llvm_types(context, signature):
    value_types = [context.get_value_type(kind) for kind in signature.args]
    return context.get_value_type(signature.return_type), value_types


@functools.cache
def _load_array_functions():
    """Load numba's functions of arrays without scipy.linalg, which takes as long as all the rest.

    They import it only to learn whether it is there, and again where it is needed.
    """
    from numba.np import linalg

    look = linalg.ensure_blas
    if importlib.util.find_spec("scipy"):
        linalg.ensure_blas = lambda: None
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look
