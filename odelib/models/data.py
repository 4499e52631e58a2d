"""Training data checked once, at the border: what is wrong with it, where, and what to do.

A set of data is (X, y) or (X, y, weights): rows X (m, d), their targets y and, optionally, how
much each row counts (m,). What passes is finite, contiguous and of matching shape, so that no
expression of a model can broadcast by accident: y (m, 1) less a prediction (m,) has shape (m, m).
"""

import numpy as np

LARGEST = 1e150  # its square is still finite


def check_rows(data, target, *, intercept=False, class_weight=None, training=True):
    """(X, y, w) as the functions of a model with this kind of `target` take them.

    w (m,) are of mean 1; `training`: each class must occur.
    """
    X, y, weights = check_data(data)
    X = check_columns(X, intercept)
    y = check_target(target, y, len(X), training)
    w = check_weights(weights, len(X))
    if class_weight is not None:
        w = weigh_classes(class_weight, y, w, training=training)
    return X, y, w


def check_target(target, y, rows, training):
    """y as its kind asks: "values" (m,), "outputs" (m, k), "signs" ±1 or "labels" 0 … k−1 (m,)."""
    if target == "values":
        return check_values(y, rows)
    if target == "outputs":
        return check_outputs(y, rows)
    check = check_signs if target == "signs" else check_labels
    return check(y, rows, training=training)


def check_columns(X, intercept):
    """The features of each row, (m, d), behind a column of ones where there is an intercept."""
    X = check_features(X)
    return np.column_stack([np.ones(len(X)), X]) if intercept else X


def check_data(data):
    """(X, y, weights) as they were given, weights None if there are none."""
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise TypeError(f"data must be (X, y) or (X, y, weights), got {_kind(data)}")
    return (*data, None) if len(data) == 2 else tuple(data)


def check_features(X):
    """X (m, d) as a contiguous array of float64."""
    X = _numbers("X", X)
    if X.ndim != 2:
        remedy = "; one feature is X[:, None], one row is X[None, :]" if X.ndim == 1 else ""
        raise ValueError(f"X must have shape (rows, features), got {X.shape}{remedy}")
    if 0 in X.shape:
        raise ValueError(f"X is empty: it has shape {X.shape}; give at least one row and feature")
    return _floats("X", X)


def check_values(y, rows):
    """Targets (m,) of a regression as float64."""
    y = _numbers("y", y)
    _check_length("y", y, rows)
    return _floats("y", y)


def check_outputs(y, rows):
    """Targets of a regression with k outputs as float64 (m, k); (m,) is one output."""
    y = _numbers("y", y)
    if y.ndim == 1:
        y = y[:, None]
    if y.ndim != 2 or len(y) != rows or y.shape[1] == 0:
        raise ValueError(
            f"y must have shape ({rows},) or ({rows}, outputs), as X has {rows} rows; got {y.shape}"
        )
    return _floats("y", y)


def check_labels(y, rows, *, training=True):
    """Classes 0 … k−1 as int64 (m,); when training, each class must occur, and at least two."""
    labels = _integers(y, rows, "0, 1, …, k-1")
    found = np.unique(labels)
    expected = np.arange(len(found)) if training else found[found >= 0]
    if not np.array_equal(found, expected):
        raise ValueError(
            f"y must hold the labels 0, 1, …, k-1, each at least once; got {_listed(found)}. "
            "Number the classes: y = np.unique(y, return_inverse=True)[1]"
        )
    if training:
        _check_two_classes(found, rows)
    return labels


def check_signs(y, rows, *, training=True):
    """Two classes, 0 and 1 or −1 and 1, as float64 −1 and 1 (m,); when training, both occur."""
    labels = _integers(y, rows, "0 and 1, or -1 and 1")
    found = set(np.unique(labels).tolist())
    if not (found <= {0, 1} or found <= {-1, 1}):
        raise ValueError(
            f"y must hold two labels, 0 and 1 or -1 and 1; got {_listed(sorted(found))}. "
            "Choose the class that is 1: y = (y == label)"
        )
    if training:
        _check_two_classes(sorted(found), rows)
    return np.where(labels == 1, 1.0, -1.0)


def check_weights(weights, rows):
    """How much each row counts (m,), scaled to mean 1; ones where there are none."""
    if weights is None:
        return np.ones(rows)
    weights = _numbers("weights", weights)
    _check_length("weights", weights, rows)
    weights = _floats("weights", weights)
    if weights.min() < 0:
        i = int(np.argmin(weights))
        raise ValueError(f"weights must not be negative, got weights[{i}] = {weights[i]}")
    if weights.max() == 0:
        raise ValueError("weights are all 0; at least one row must count")
    weights = weights / weights.max()  # so that the mean of very large or small ones is a number
    return weights / weights.mean()


def check_class_weight(class_weight):
    """None, 'balanced' or a dict label -> weight."""
    if class_weight is None or (isinstance(class_weight, str) and class_weight == "balanced"):
        return class_weight
    if not isinstance(class_weight, dict):
        raise TypeError(f"class_weight must be a dict or 'balanced', got {class_weight!r}")
    for label, weight in class_weight.items():
        if not 0.0 <= weight < np.inf:
            raise ValueError(f"class_weight[{label!r}] must not be negative, got {weight}")
    return dict(class_weight)


def weigh_classes(class_weight, y, w, *, training=True):
    """The weights w (m,) times the weight of each row's class, scaled to mean 1."""
    classes, index = np.unique(y, return_inverse=True)
    if class_weight == "balanced":
        mass = np.bincount(index, weights=w)
        return check_weights(w / np.where(mass > 0, mass, 1.0)[index], len(w))
    classes = classes.astype(int).tolist()
    names = {label: (-1, 0) if label == -1 else (label,) for label in classes}  # 0 is kept as -1
    unknown = set(class_weight) - {name for label in classes for name in names[label]}
    if unknown and training:
        raise ValueError(f"class_weight names {sorted(unknown)}, but the labels are {classes}")
    factors = []
    for label in classes:
        factors.append([*(class_weight[n] for n in names[label] if n in class_weight), 1.0][0])
    return check_weights(w * np.array(factors)[index], len(w))


def _numbers(name, value):
    """An array of real numbers; of what is none, the place."""
    if hasattr(value, "toarray"):
        raise TypeError(f"{name} is sparse ({_kind(value)}); pass {name}.toarray()")
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{name} has masked entries; drop those rows, or fill them: {name}.filled")
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{name} has rows of different lengths; make them equal") from None
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind == "c":
        raise TypeError(f"{name} must be real, got {array.dtype}; pass {name}.real")
    where = _first_place(name, array, np.vectorize(_is_no_number, otypes=[bool])(array))
    raise TypeError(
        f"{name} must be an array of numbers, got dtype {array.dtype}{where}; "
        "convert it with astype(float)"
        + (", or number the classes: np.unique(y, return_inverse=True)[1]" * (name == "y"))
    )


def _is_no_number(entry):
    return not isinstance(entry, float | np.integer | np.floating)


def _floats(name, array):
    """The same numbers as contiguous, writable float64, finite and exact."""
    if array.dtype.kind in "iu":
        too_large = (array > 2**53) | (array < -(2**53))
        if too_large.any():
            raise ValueError(
                f"{name} has integers beyond 2**53 that overflow the precision of float64"
                f"{_first_place(name, array, too_large)}; rescale them, or pass them as floats"
            )
    if array.dtype != float or not array.flags.c_contiguous or not array.flags.writeable:
        array = np.array(array, dtype=float, order="C")
    bad = ~np.isfinite(array)
    if bad.any():
        raise ValueError(
            f"{name} must be finite, got {int(bad.sum())} of {array.size} entries that are not"
            f"{_first_place(name, array, bad)}; drop those rows or fill them in"
        )
    bad = np.abs(array) > LARGEST
    if bad.any():
        raise ValueError(
            f"{name} has entries whose squares overflow{_first_place(name, array, bad)}; rescale it"
        )
    return array


def _integers(y, rows, labels):
    """Labels (m,) as int64, from integers, booleans or whole floats."""
    y = _numbers("y", y)
    if y.ndim == 2 and y.shape[1] > 1:
        raise ValueError(
            f"y must hold one label a row, shape ({rows},), got {y.shape}; "
            "if its rows are one-hot, pass y.argmax(axis=1)"
        )
    _check_length("y", y, rows)
    y = _floats("y", y)
    bad = (y != np.round(y)) | (np.abs(y) > 2**31)
    if bad.any():
        raise ValueError(f"y must hold the labels {labels}{_first_place('y', y, bad)}")
    return y.astype(np.int64)


def _check_length(name, array, rows):
    if array.shape == (rows,):
        return
    message = f"{name} must have shape ({rows},), as X has {rows} rows; got {array.shape}"
    if array.shape in ((rows, 1), (1, rows)):
        message += (
            f", and predictions ({rows},) less {array.shape} would broadcast to ({rows}, {rows}). "
            f"Pass {name}.ravel()"
        )
    raise ValueError(message)


def _check_two_classes(found, rows):
    if len(found) == 1:
        raise ValueError(
            f"y has one class only: all {rows} labels are {found[0]}; "
            "training needs rows of each class (was the data sorted before it was split?)"
        )


def _first_place(name, array, bad):
    """Where the first bad entry is, and what: ', first X[3, 1] = nan'."""
    if not bad.any():
        return ""
    place = np.unravel_index(np.argmax(bad), array.shape)
    value = array[place]
    shown = repr(str(value)) if isinstance(value, str) else value
    return f", first {name}[{', '.join(map(str, place))}] = {shown}"


def _listed(values):
    shown = [str(value) for value in list(values)[:6]]
    return ", ".join(shown) + ", …" * (len(values) > 6)


def _kind(value):
    return type(value).__name__ + (f" of {len(value)}" if isinstance(value, tuple | list) else "")
