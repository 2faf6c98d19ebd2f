//! Cells: made, filled, emptied.

use crate::inputs::{coded, dimension, failure, sizes};
use crate::shape::{Axis, element, pick, with_size};
use crate::table::plain;
use crate::{Call, Entry, Outputs, codes, one};
use tourbillon_value::{Array, Dims, Result, Value, concat};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "cell",
        0,
        u8::MAX,
        1,
        cell,
        "c = cell(m, n): a cell array of empty matrices",
    ),
    plain(
        "cell2mat",
        1,
        1,
        1,
        cell2mat,
        "x = cell2mat(c): the contents joined to one array",
    ),
    plain(
        "mat2cell",
        2,
        3,
        1,
        mat2cell,
        "c = mat2cell(x, rows, columns): an array cut into blocks",
    ),
    plain(
        "num2cell",
        1,
        2,
        1,
        num2cell,
        "c = num2cell(x, dims): each element, or each lane, in a cell of its own",
    ),
];

fn cell(call: &mut Call<'_>) -> Result<Outputs> {
    let dims = if call.arguments.is_empty() {
        Dims::new(0, 0)
    } else {
        sizes(call.name, call.arguments)?
    };
    let data = vec![Value::empty(); dims.count()];
    Ok(one(Value::cell(Array::new(dims, data))))
}

fn num2cell(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    let dims = value.dims();
    if let Some(at) = call.arguments.get(1) {
        let at = dimension(at)?;
        let axis = Axis::new(&dims, at);
        let lane_dims = with_size(&Dims::scalar(), at, axis.length);
        let data = (0..axis.lanes())
            .map(|lane| {
                let places: Vec<usize> = (0..axis.length)
                    .map(|index| axis.place(lane, index))
                    .collect();
                pick(value, lane_dims.clone(), &places)
            })
            .collect::<Result<_>>()?;
        return Ok(one(Value::cell(Array::new(with_size(&dims, at, 1), data))));
    }
    let data = (0..dims.count())
        .map(|place| element(value, place))
        .collect::<Result<_>>()?;
    Ok(one(Value::cell(Array::new(dims, data))))
}

fn cell2mat(call: &mut Call<'_>) -> Result<Outputs> {
    let Value::Cell(cell) = &call.arguments[0] else {
        return Err(coded(
            &codes::CELL2MAT_NOT_CELL,
            "cell2mat: the argument must be a cell array.",
        ));
    };
    let Some(first) = cell.data().first() else {
        return Ok(one(Value::empty()));
    };
    let mixed = || {
        coded(
            &codes::CELL2MAT_MIXED,
            "All contents of the input cell array must be of the same data type.",
        )
    };
    let class = first.class_name();
    if cell.data().iter().any(|item| item.class_name() != class) {
        return Err(mixed());
    }
    if matches!(
        first,
        Value::Function(_) | Value::Exception(_) | Value::Object(_)
    ) {
        return Err(failure(
            "Cannot support cell arrays containing cell arrays or objects.",
        ));
    }
    if cell.dims().rank() > 2 {
        return Err(failure("cell2mat: only two dimensions are supported."));
    }
    let rows = cell.dims().rows();
    let joined = (0..rows)
        .map(|row| {
            let parts = cell.data().iter().skip(row).step_by(rows).cloned();
            concat::horzcat(parts.collect())
        })
        .collect::<Result<_>>()?;
    Ok(one(concat::vertcat(joined)?))
}

/// The sizes of the blocks along a dimension: they must add up to it.
fn blocks(name: &str, value: &Value, whole: usize) -> Result<Vec<usize>> {
    let numbers = crate::inputs::numbers(name, value)?;
    let fits = numbers
        .data
        .iter()
        .all(|size| size.fract() == 0.0 && *size >= 0.0)
        && numbers.data.iter().sum::<f64>() == whole as f64;
    if !fits {
        return Err(failure(format!(
            "Input arguments, D1 through D2, must sum to each dimension of the input matrix size, not [{whole}]."
        )));
    }
    Ok(numbers.data.iter().map(|size| *size as usize).collect())
}

fn mat2cell(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    let dims = value.dims();
    if dims.rank() > 2 {
        return Err(failure("mat2cell: only two dimensions are supported."));
    }
    let heights = blocks(call.name, &call.arguments[1], dims.rows())?;
    let widths = match call.arguments.get(2) {
        Some(widths) => blocks(call.name, widths, dims.columns())?,
        None => vec![dims.columns()],
    };
    let mut data = Vec::with_capacity(heights.len() * widths.len());
    let mut left = 0;
    for width in &widths {
        let mut top = 0;
        for height in &heights {
            let places: Vec<usize> = (left..left + width)
                .flat_map(|column| (top..top + height).map(move |row| (row, column)))
                .map(|(row, column)| column * dims.rows() + row)
                .collect();
            data.push(pick(value, Dims::new(*height, *width), &places)?);
            top += height;
        }
        left += width;
    }
    Ok(one(Value::cell(Array::new(
        Dims::new(heights.len(), widths.len()),
        data,
    ))))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn cells_hold_values() {
        check(&[
            ("cell(1, 2)", "{[0x0] [0x0]}"),
            ("cell(2)", "{[0x0] [0x0]; [0x0] [0x0]}"),
            ("cell()", "{0x0}"),
            ("num2cell([1 2])", "{1 2}"),
            ("num2cell('ab')", "{'a' 'b'}"),
            ("num2cell([1 2; 3 4], 1)", "{[1; 3] [2; 4]}"),
            ("cell2mat({1 2; 3 4})", "[1 2; 3 4]"),
            ("cell2mat({[1 2] 3})", "[1 2 3]"),
            ("cell2mat({'ab' 'c'})", "'abc'"),
            ("cell2mat({})", "[0x0]"),
            (
                "cell2mat({1 'a'})",
                "error: MATLAB:cell2mat:MixedDataTypes: All contents of the input cell array must be of the same data type.",
            ),
            (
                "mat2cell([1 2 3; 4 5 6], [1 1], [2 1])",
                "{[1 2] 3; [4 5] 6}",
            ),
        ]);
    }
}
