//! The first contract: a table is a list of columns that says name, type, meaning and value in one place.
//!
//! The Arrow schema, the DDL, the views, the data dictionary and the reader all come from that one list.
//! `table!` writes it; [`Row`] is what it makes; [`Rows`] is a batch whose type is no longer known.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::time::Timestamp;

/// The types that every engine reads alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// 32-bit signed.
    Int,
    /// 64-bit signed.
    Big,
    /// 64-bit floating point.
    Double,
    /// True or false.
    Bool,
    /// UTC, milliseconds, without a zone.
    Time,
}

/// One column: the same words in the schema, the DDL and the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Lower case, `[a-z0-9_]`.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnType,
    /// Whether a value may be missing.
    pub nullable: bool,
    /// What it means.
    pub doc: &'static str,
}

/// What a table's rows belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grain {
    /// One account: every row carries its id.
    Account,
    /// The organization as a whole: read once a scan.
    Organization,
    /// Nothing but their content, which the first column names by hash: each text is kept once, whoever has it. Such a table is never a gap;
    /// what is missing is missing in the tables that name it.
    Text,
}

/// Hands over the value of a column in a row.
pub type ValueOf<'s, 'v> = dyn FnMut(usize, &'static str) -> Value<'v> + 's;

/// Builds so many rows from their values.
type Build = fn(usize, &mut ValueOf<'_, '_>) -> Result<Arc<dyn Rows>, CellError>;

/// Builds rows whose type only the table knows.
#[derive(Clone, Copy)]
pub struct BuildRows(Build);

impl BuildRows {
    /// Of a type of row.
    pub const fn of<R: Row>() -> Self {
        Self(build::<R>)
    }

    /// So many rows; `value` hands over the value of a column in a row.
    pub fn rows(self, count: usize, value: &mut ValueOf<'_, '_>) -> Result<Arc<dyn Rows>, CellError> {
        (self.0)(count, value)
    }
}

fn build<R: Row>(count: usize, value: &mut ValueOf<'_, '_>) -> Result<Arc<dyn Rows>, CellError> {
    let rows: Result<Vec<R>, CellError> =
        (0..count).map(|row| R::from_values(&mut |column| value(row, column))).collect();
    Ok(Arc::new(rows?))
}

impl fmt::Debug for BuildRows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BuildRows")
    }
}

/// A table's name, meaning and columns.
#[derive(Debug)]
pub struct TableSchema {
    /// Lower case, `[a-z0-9_]`; unique among all packs.
    pub name: &'static str,
    /// What one row is.
    pub doc: &'static str,
    /// What its rows belong to.
    pub grain: Grain,
    /// Whether the lake keeps it. Only stored tables can be checked again later.
    pub is_stored: bool,
    /// In stored order. Only ever grows, at the end.
    pub columns: &'static [Column],
    /// The columns by which rows of one account are sorted.
    pub sort: &'static [&'static str],
    /// How its rows are read back; `None`: a part, whose rows stand in the table.
    pub build: Option<BuildRows>,
    /// Where several collectors fill the table: what each of them adds. Each part is read or lost by itself; the table is
    /// complete where all parts are.
    pub parts: &'static [&'static TableSchema],
}

/// Names are unique among all packs.
impl PartialEq for TableSchema {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TableSchema {}

impl TableSchema {
    /// A part of a table: it has a name and a meaning, and its rows stand in the table.
    pub const fn part(name: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            doc,
            grain: Grain::Account,
            is_stored: false,
            columns: &[],
            sort: &[],
            build: None,
            parts: &[],
        }
    }

    /// What has to be collected for it: its parts, or the table itself.
    pub fn sources(&'static self) -> impl Iterator<Item = &'static Self> {
        let whole = self.parts.is_empty().then_some(self);
        whole.into_iter().chain(self.parts.iter().copied())
    }

    /// The position of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// One value on its way into or out of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Missing.
    Null,
    /// Text.
    Text(&'a str),
    /// 32-bit.
    Int(i32),
    /// 64-bit.
    Big(i64),
    /// Floating point.
    Double(f64),
    /// Truth.
    Bool(bool),
    /// A moment.
    Time(Timestamp),
}

/// A Rust type that fits into a column.
pub trait Cell: Sized {
    /// The column type.
    const TYPE: ColumnType;
    /// Whether the column may hold nulls.
    const NULLABLE: bool;
    /// The value to store.
    fn value(&self) -> Value<'_>;
    /// The value read back; `None` when it is of another type or not one of the known words.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

macro_rules! cell {
    ($type:ty, $kind:ident, |$borrowed:ident| $to:expr, |$read:ident| $from:expr) => {
        impl Cell for $type {
            const TYPE: ColumnType = ColumnType::$kind;
            const NULLABLE: bool = false;

            fn value(&self) -> Value<'_> {
                let $borrowed = self;
                Value::$kind($to)
            }

            fn from_value(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::$kind($read) => Some($from),
                    _ => None,
                }
            }
        }
    };
}

cell!(String, Text, |text| text.as_str(), |text| text.to_owned());
cell!(Cow<'static, str>, Text, |text| text.as_ref(), |text| Cow::Owned(text.to_owned()));
cell!(Arc<str>, Text, |text| text.as_ref(), |text| Arc::from(text));
cell!(i32, Int, |number| *number, |number| number);
cell!(i64, Big, |number| *number, |number| number);
cell!(f64, Double, |number| *number, |number| number);
cell!(bool, Bool, |truth| *truth, |truth| truth);
cell!(Timestamp, Time, |moment| *moment, |moment| moment);

impl<T: Cell> Cell for Option<T> {
    const TYPE: ColumnType = T::TYPE;
    const NULLABLE: bool = true;

    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Cell::value)
    }

    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            present => T::from_value(present).map(Some),
        }
    }
}

/// A row that could not be read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellError {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What was found.
    pub found: String,
}

impl fmt::Display for CellError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "table {}, column {}: cannot store {}", self.table, self.column, self.found)
    }
}

impl std::error::Error for CellError {}

/// A typed row of one table. Made by [`table!`](crate::table!), never by hand.
pub trait Row: Clone + PartialEq + fmt::Debug + Send + Sync + Sized + 'static {
    /// Name, meaning, columns.
    const SCHEMA: &'static TableSchema;

    /// Hands over every column's value, in the schema's order.
    fn visit(&self, visitor: &mut dyn FnMut(Value<'_>));

    /// Builds the row from values looked up by column name.
    fn from_values<'v>(lookup: &mut dyn FnMut(&'static str) -> Value<'v>) -> Result<Self, CellError>;
}

/// Rows of one table whose type is known only to their schema.
pub trait Rows: Send + Sync + 'static {
    /// The table.
    fn schema(&self) -> &'static TableSchema;
    /// How many.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Hands over one row's values, in the schema's order.
    fn visit(&self, row: usize, visitor: &mut dyn FnMut(Value<'_>));
    /// For the way back to the typed rows.
    fn as_any(&self) -> &dyn Any;
    /// The same, to add rows.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<R: Row> Rows for Vec<R> {
    fn schema(&self) -> &'static TableSchema {
        R::SCHEMA
    }

    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn visit(&self, row: usize, visitor: &mut dyn FnMut(Value<'_>)) {
        self[row].visit(visitor);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Declares a table: the struct, its columns and the way there and back, from one list.
///
/// `per account`, `per organization` or `per text` says what its rows belong to. `per account, transient` keeps it out of
/// the lake. `with parts [A, B]` after the sort order names what several collectors add to it.
///
/// ```
/// orgsweep_model::table! {
///     /// One parking space.
///     pub struct Space in "spaces" per account sorted by [label] {
///         /// What is painted on it.
///         label: String,
///         /// Metres, where measured.
///         width: Option<f64>,
///     }
/// }
/// use orgsweep_model::Row;
/// assert_eq!(Space::SCHEMA.columns[1].name, "width");
/// assert!(Space::SCHEMA.columns[1].nullable);
/// ```
#[macro_export]
macro_rules! table {
    (@grain account) => { $crate::table::Grain::Account };
    (@grain organization) => { $crate::table::Grain::Organization };
    (@grain text) => { $crate::table::Grain::Text };
    (@stored) => { true };
    (@stored transient) => { false };
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident in $table:literal per $grain:ident $(, $transient:ident)?
        sorted by [$($sort:ident),* $(,)?] $(with parts [$($part:expr),* $(,)?])? {
            $( $(#[doc = $column_doc:literal])* $field:ident : $type:ty ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, $crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "::orgsweep_model::serde")]
        pub struct $name {
            $( $(#[doc = $column_doc])* pub $field: $type, )*
        }

        impl $crate::Row for $name {
            const SCHEMA: &'static $crate::TableSchema = &$crate::TableSchema {
                name: $table,
                doc: concat!($($doc, "\n"),*),
                grain: $crate::table!(@grain $grain),
                is_stored: $crate::table!(@stored $($transient)?),
                build: Some($crate::table::BuildRows::of::<Self>()),
                parts: &[ $($($part),*)? ],
                columns: &[ $( $crate::Column {
                    name: stringify!($field),
                    kind: <$type as $crate::Cell>::TYPE,
                    nullable: <$type as $crate::Cell>::NULLABLE,
                    doc: concat!($($column_doc, "\n"),*),
                }, )* ],
                sort: &[ $( stringify!($sort) ),* ],
            };

            fn visit(&self, visitor: &mut dyn FnMut($crate::Value<'_>)) {
                $( visitor($crate::Cell::value(&self.$field)); )*
            }

            fn from_values<'v>(
                lookup: &mut dyn FnMut(&'static str) -> $crate::Value<'v>,
            ) -> ::core::result::Result<Self, $crate::table::CellError> {
                Ok(Self { $( $field: {
                    let value = lookup(stringify!($field));
                    <$type as $crate::Cell>::from_value(value).ok_or_else(|| $crate::table::CellError {
                        table: $table,
                        column: stringify!($field),
                        found: format!("{value:?}"),
                    })?
                }, )* })
            }
        }
    };
}

/// Declares an enum that is stored as a word.
macro_rules! text_enum {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident { $( $(#[doc = $variant_doc:literal])* $variant:ident = $word:literal ),* $(,)? }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum $name { $( $(#[doc = $variant_doc])* #[serde(rename = $word)] $variant, )* }

        impl $name {
            /// Every variant, in declared order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),* ];

            /// The stored word.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }

            /// The variant of a stored word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl $crate::table::Cell for $name {
            const TYPE: $crate::table::ColumnType = $crate::table::ColumnType::Text;
            const NULLABLE: bool = false;

            fn value(&self) -> $crate::table::Value<'_> {
                $crate::table::Value::Text(self.as_str())
            }

            fn from_value(value: $crate::table::Value<'_>) -> Option<Self> {
                match value {
                    $crate::table::Value::Text(word) => Self::from_word(word),
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use text_enum;

impl Cell for crate::severity::Severity {
    const TYPE: ColumnType = ColumnType::Text;
    const NULLABLE: bool = false;

    fn value(&self) -> Value<'_> {
        Value::Text(self.as_str())
    }

    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(word) => word.parse().ok(),
            _ => None,
        }
    }
}
