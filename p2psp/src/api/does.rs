//! What answers a line of the table, and what that takes and gives: read off the handler's own
//! types, so that no document can say otherwise.

use std::sync::Arc;

use axum::routing::{MethodFilter, MethodRouter};
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};

use crate::api::desk::Desk;
use crate::api::problem::Problem;

/// A handler, and what is known of it.
#[derive(Clone, Copy)]
pub(crate) struct Does {
    /// Makes the handler.
    pub(crate) handler: fn(MethodFilter) -> MethodRouter<Arc<Desk>>,
    /// What it takes and gives.
    pub(crate) shape: fn(&mut Generators) -> Shape,
}

/// The [`Does`] of a handler.
macro_rules! does {
    ($handler:ident) => {
        $crate::api::does::Does {
            handler: |verb| axum::routing::on(verb, $handler),
            shape: |generators| $crate::api::does::shape(&$handler, generators),
        }
    };
}
pub(crate) use does;

/// Makes schemas: of what is read, each whole; of what is written, with references.
pub(crate) struct Generators {
    pub(crate) read: SchemaGenerator,
    pub(crate) written: SchemaGenerator,
}

/// What an operation takes and gives.
#[derive(Default)]
pub(crate) struct Shape {
    /// Of the query, an object.
    pub(crate) query: Option<Schema>,
    /// Of the body.
    pub(crate) body: Option<Schema>,
    /// Status of an answer as asked.
    pub(crate) status: u16,
    /// Its media type and schema.
    pub(crate) answer: Option<(&'static str, Schema)>,
}

/// An argument of a handler.
pub(crate) trait Takes {
    /// Adds what the argument takes.
    fn takes(_shape: &mut Shape, _generators: &mut Generators) {}
}

/// What a handler gives.
pub(crate) trait Gives {
    /// Its status.
    const STATUS: u16;

    /// Media type and schema, where there is content.
    fn gives(generators: &mut Generators) -> Option<(&'static str, Schema)>;
}

/// A handler of these arguments.
pub(crate) trait Operation<Arguments> {
    /// What it takes and gives.
    fn shape(generators: &mut Generators) -> Shape;
}

/// What a handler takes and gives.
pub(crate) fn shape<H: Operation<A>, A>(_: &H, generators: &mut Generators) -> Shape {
    H::shape(generators)
}

impl Generators {
    /// Definitions are to stand in the components of an OpenAPI document.
    pub(crate) fn new() -> Self {
        let settings = |change: fn(&mut SchemaSettings)| {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
                change(settings);
            })
        };
        let read = settings(|settings| settings.inline_subschemas = true);
        let written = settings(|_| {}).for_serialize();
        Self { read: read.into_generator(), written: written.into_generator() }
    }
}

macro_rules! operation {
    ($($argument:ident)*) => {
        impl<Handler, Answered, Given, $($argument),*> Operation<($($argument,)*)> for Handler
        where
            Handler: Fn($($argument),*) -> Answered,
            Answered: Future<Output = Result<Given, Problem>>,
            Given: Gives,
            $($argument: Takes,)*
        {
            fn shape(generators: &mut Generators) -> Shape {
                let mut shape = Shape { status: Given::STATUS, ..Shape::default() };
                $($argument::takes(&mut shape, generators);)*
                shape.answer = Given::gives(generators);
                shape
            }
        }
    };
}
operation!();
operation!(A);
operation!(A B);
operation!(A B C);
operation!(A B C D);
