"""A numba function compiled to a C function, without numba's wrappers for calls from Python."""

import functools
import importlib.util
import types

import numba
from llvmlite import ir


class Compiled:
    """Machine code that numba has made, as long as this object lives."""

    def __init__(self, library, symbol):
        self.library, self.symbol = library, symbol
        self.address = library.get_pointer_to_function(symbol)


class _Plain(numba.core.dispatcher._FunctionCompiler):
    """Numba's compiler without the wrappers for calls from Python and C.

    Where the buffers that it is given lie apart, vector code needs no check of that.
    """

    apart = False

    def _customize_flags(self, flags):
        flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        flags.noalias = self.apart
        return flags


class _WideCode(numba.core.codegen.JITCPUCodegen):
    """Numba's generator of machine code, allowed to use the whole width of vectors.

    LLVM uses half of AVX-512, because the first processors that had it slowed down for the rest.
    Those with avx512fp16 do not.
    """

    def _customize_tm_features(self):
        features = super()._customize_tm_features()
        return f"{features},-prefer-256-bit" if "+avx512fp16" in features else features


@functools.cache
def _target(description):
    """Numba's description of the processor, with this generator."""
    context = description.target_context
    context.refresh()
    context = context.subtarget(enable_nrt=True, _internal_codegen=_WideCode("odelib"))
    return types.SimpleNamespace(
        options=description.options,
        typing_context=description.typing_context,
        target_context=context,
    )


def compile_c(signature, function, kinds, arguments, result, otherwise=None):
    """See `c_function` in machine_code.py, whose arguments these are."""
    _load_array_functions()
    with numba.core.compiler_lock.global_compiler_lock:
        try:
            return _compile(signature, function, kinds, arguments, result)
        except Exception:  # numba fails in many ways
            if otherwise is None:
                raise
        return _compile(signature, otherwise, kinds, arguments, result)


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
    return Compiled(library, symbol)


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
