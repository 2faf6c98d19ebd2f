//! Writing elements of one type into an array of that type.

use crate::fail::fail;
use crate::subscript::{Places, Plan, plan};
use crate::{Array, Dims, Result, StructArray, Value, codes};
use std::rc::Rc;

/// What is written: one element for every place, or an array of as many.
pub(super) enum Source<T> {
    /// The same for every place.
    One(T),
    /// Element by element.
    Many(Rc<Array<T>>),
}

impl<T: Clone> Source<T> {
    /// An array as a source; one of 1 × 1 counts as one element.
    pub fn of(array: Rc<Array<T>>) -> Source<T> {
        match array.data() {
            [only] => Source::One(only.clone()),
            _ => Source::Many(array),
        }
    }

    /// An array of another type as a source.
    pub fn converted<U>(array: &Array<U>, f: impl Fn(&U) -> T) -> Source<T> {
        let data = array.data().iter().map(f).collect();
        Source::of(Rc::new(Array::new(array.dims().clone(), data)))
    }

    fn dims(&self) -> Dims {
        match self {
            Source::One(_) => Dims::scalar(),
            Source::Many(array) => array.dims().clone(),
        }
    }
}

/// `target(arguments) = source`, with `fill` in the gaps that growth leaves.
pub(super) fn store<T: Clone>(
    target: &mut Rc<Array<T>>,
    arguments: &[Value],
    source: Source<T>,
    fill: impl FnOnce() -> T,
) -> Result<()> {
    let Plan { grown, places } = plan(target.dims(), arguments, &source.dims())?;
    let array = Rc::make_mut(target);
    if let Some(dims) = grown {
        array.grow(dims, fill());
    }
    let data = array.data_mut();
    match source {
        Source::One(element) => match places {
            Places::Run(start, count) => data[start..start + count].fill(element),
            Places::List(list) => list.into_iter().for_each(|at| data[at] = element.clone()),
        },
        Source::Many(source) => match places {
            Places::Run(start, count) => {
                data[start..start + count].clone_from_slice(source.data());
            }
            Places::List(list) => {
                for (at, element) in list.into_iter().zip(source.data()) {
                    data[at] = element.clone();
                }
            }
        },
    }
    Ok(())
}

/// `target(arguments) = source` for struct arrays: both must have the same fields, but an array
/// without elements and fields takes those of the source.
pub(super) fn store_struct(
    target: &mut Rc<StructArray>,
    arguments: &[Value],
    source: &Rc<StructArray>,
) -> Result<()> {
    let takes_fields = target.count() == 0 && target.fields().is_empty();
    let is_same = target.fields().len() == source.fields().len()
        && target
            .fields()
            .iter()
            .all(|(name, _)| source.get(name).is_some());
    if !takes_fields && !is_same {
        return Err(fail(
            &codes::DISSIMILAR_STRUCTS,
            "Subscripted assignment between dissimilar structures.",
        ));
    }
    let Plan { grown, places } = plan(target.dims(), arguments, source.dims())?;
    if takes_fields {
        let fields = source
            .fields()
            .iter()
            .map(|(name, _)| (name.clone(), Vec::new()))
            .collect();
        *target = Rc::new(StructArray::new(target.dims().clone(), fields));
    }
    let array = Rc::make_mut(target);
    if let Some(dims) = grown {
        array.grow(dims);
    }
    let is_one = source.count() == 1;
    for (name, from) in source.fields() {
        let to = array.get_mut(name).expect("both have the same fields");
        for at in 0..places.count() {
            to[places.get(at)] = from[if is_one { 0 } else { at }].clone();
        }
    }
    Ok(())
}
