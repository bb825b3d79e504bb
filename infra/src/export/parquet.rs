//! Rows as Apache Parquet: a flat column for each column of CSV, with a type.
//!
//! | column | physical type | logical type |
//! |---|---|---|
//! | text, digits of a number without a scale | `BYTE_ARRAY` | `STRING` |
//! | list | `BYTE_ARRAY` | `JSON` |
//! | boolean | `BOOLEAN` | |
//! | instant | `INT64` | `TIMESTAMP(MICROS, UTC)` |
//! | count | `INT64` | |
//! | number with a scale | `FIXED_LEN_BYTE_ARRAY(16)` | `DECIMAL(38, scale)` |
//!
//! **Invariant:** a value is written exactly or not at all: one that does not fit the type of its
//! column is an error. Rows are held in memory for one row group.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::{Map, Value};
use weir_query::Columns;
use weir_query::export::ColumnType;

use super::error::Error;

/// The most digits of a decimal: those of 16 bytes, and of a number of DynamoDB.
const PRECISION: u32 = 38;
/// The bytes of a decimal.
const DECIMAL_BYTES: i32 = 16;
/// The rows after which a row group ends.
const GROUP_ROWS: usize = 50_000;
/// The bytes of values after which a row group ends.
const GROUP_BYTES: usize = 16 * 1024 * 1024;
/// The definition level of an absent value.
const ABSENT: i16 = 0;
/// The definition level of a value.
const PRESENT: i16 = 1;

/// A writer of rows.
pub(super) struct ParquetRows<W: Write + Send> {
    columns: Columns,
    buffers: Vec<Buffer>,
    rows: usize,
    bytes: usize,
    writer: SerializedFileWriter<W>,
}

/// The values of a column in a row group.
struct Buffer {
    kind: ColumnType,
    /// One for each row: whether there is a value.
    levels: Vec<i16>,
    values: Values,
}

/// The values that are there.
enum Values {
    Bytes(Vec<ByteArray>),
    Booleans(Vec<bool>),
    Longs(Vec<i64>),
    Decimals(Vec<FixedLenByteArray>),
}

impl<W: Write + Send> ParquetRows<W> {
    /// Begins a file with these columns.
    ///
    /// # Errors
    /// The error of the output.
    pub(super) fn new(columns: Columns, kinds: Vec<ColumnType>, out: W) -> Result<Self, Error> {
        let kinds: Vec<_> = kinds.into_iter().map(storable).collect();
        let fields =
            columns.iter().zip(&kinds).map(|(column, kind)| Arc::new(field(&column.name, *kind)));
        let schema = Type::group_type_builder("rollup").with_fields(fields.collect()).build();
        let schema = Arc::new(schema.expect("a group of named fields is valid"));
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties));
        Ok(Self {
            columns,
            buffers: kinds.into_iter().map(Buffer::new).collect(),
            rows: 0,
            bytes: 0,
            writer: writer.map_err(output)?,
        })
    }

    /// Writes a row of a group.
    ///
    /// # Errors
    /// A value that does not fit its column, or the error of the output.
    pub(super) fn write(
        &mut self,
        group: &Map<String, Value>,
        row: &Map<String, Value>,
    ) -> Result<(), Error> {
        for (column, buffer) in self.columns.iter().zip(&mut self.buffers) {
            let value = column.value(group, row).filter(|value| !value.is_null());
            let bytes = buffer.push(value).ok_or_else(|| Error::Value {
                column: column.name.clone(),
                value: value.map(ToString::to_string).unwrap_or_default(),
                expected: described(buffer.kind),
            })?;
            self.bytes += bytes;
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.end_group()?;
        }
        Ok(())
    }

    /// Ends the file, and returns the output.
    ///
    /// # Errors
    /// The error of the output.
    pub(super) fn finish(mut self) -> Result<W, Error> {
        if self.rows > 0 {
            self.end_group()?;
        }
        self.writer.into_inner().map_err(output)
    }

    fn end_group(&mut self) -> Result<(), Error> {
        let mut group = self.writer.next_row_group().map_err(output)?;
        for buffer in &mut self.buffers {
            let next = group.next_column().map_err(output)?;
            let mut column = next.expect("the schema has a column for each buffer");
            buffer.write(column.untyped()).and_then(|()| column.close()).map_err(output)?;
        }
        group.close().map_err(output)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

impl Buffer {
    fn new(kind: ColumnType) -> Self {
        let values = match kind {
            ColumnType::Text | ColumnType::Json => Values::Bytes(Vec::new()),
            ColumnType::Boolean => Values::Booleans(Vec::new()),
            ColumnType::Instant(_) | ColumnType::Count => Values::Longs(Vec::new()),
            ColumnType::Decimal { .. } => Values::Decimals(Vec::new()),
        };
        Self { kind, levels: Vec::new(), values }
    }

    /// Appends a value. Returns its bytes; `None` if it does not fit.
    fn push(&mut self, value: Option<&Value>) -> Option<usize> {
        let Some(value) = value else {
            self.levels.push(ABSENT);
            return Some(0);
        };
        let bytes = match &mut self.values {
            Values::Bytes(values) => {
                let text = match value {
                    Value::String(text) if self.kind == ColumnType::Text => text.clone(),
                    other => other.to_string(),
                };
                let bytes = text.len();
                values.push(text.into_bytes().into());
                bytes
            }
            Values::Booleans(values) => {
                values.push(value.as_bool()?);
                size_of::<bool>()
            }
            Values::Longs(values) => {
                values.push(match self.kind {
                    ColumnType::Instant(_) => self.kind.micros(value)?,
                    _ => i64::try_from(self.kind.units(value)?).ok()?,
                });
                size_of::<i64>()
            }
            Values::Decimals(values) => {
                let units = self.kind.units(value)?;
                if units.unsigned_abs() >= 10_u128.pow(PRECISION) {
                    return None;
                }
                values.push(units.to_be_bytes().to_vec().into());
                size_of::<i128>()
            }
        };
        self.levels.push(PRESENT);
        Some(bytes)
    }

    /// Writes the values to a column, and forgets them.
    fn write(&mut self, column: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = Some(self.levels.as_slice());
        let written = match (&mut self.values, column) {
            (Values::Bytes(values), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                writer.write_batch(values, levels, None).map(|_| values.clear())
            }
            (Values::Booleans(values), ColumnWriter::BoolColumnWriter(writer)) => {
                writer.write_batch(values, levels, None).map(|_| values.clear())
            }
            (Values::Longs(values), ColumnWriter::Int64ColumnWriter(writer)) => {
                writer.write_batch(values, levels, None).map(|_| values.clear())
            }
            (Values::Decimals(values), ColumnWriter::FixedLenByteArrayColumnWriter(writer)) => {
                writer.write_batch(values, levels, None).map(|_| values.clear())
            }
            _ => unreachable!("the schema has the physical type of each buffer"),
        };
        self.levels.clear();
        written
    }
}

/// Returns the type of a column, which is text if numbers have more places than a decimal.
fn storable(kind: ColumnType) -> ColumnType {
    match kind {
        ColumnType::Decimal { places } if places > PRECISION => ColumnType::Text,
        other => other,
    }
}

/// Returns the field of a column.
fn field(name: &str, kind: ColumnType) -> Type {
    let physical = match kind {
        ColumnType::Text | ColumnType::Json => PhysicalType::BYTE_ARRAY,
        ColumnType::Boolean => PhysicalType::BOOLEAN,
        ColumnType::Instant(_) | ColumnType::Count => PhysicalType::INT64,
        ColumnType::Decimal { .. } => PhysicalType::FIXED_LEN_BYTE_ARRAY,
    };
    let builder =
        Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    let builder = match kind {
        ColumnType::Text => builder.with_logical_type(Some(LogicalType::String)),
        ColumnType::Json => builder.with_logical_type(Some(LogicalType::Json)),
        ColumnType::Instant(_) => {
            builder.with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::MICROS)))
        }
        ColumnType::Decimal { places } => {
            let [scale, precision] = [places, PRECISION].map(|digits| digits as i32);
            let logical = LogicalType::decimal(scale, precision);
            let builder = builder.with_length(DECIMAL_BYTES).with_logical_type(Some(logical));
            builder.with_precision(precision).with_scale(scale)
        }
        ColumnType::Boolean | ColumnType::Count => builder,
    };
    builder.build().expect("a type of this table is valid")
}

/// Returns the type of a column, as messages name it.
fn described(kind: ColumnType) -> String {
    match kind {
        ColumnType::Text => "text".to_owned(),
        ColumnType::Json => "JSON".to_owned(),
        ColumnType::Boolean => "a boolean".to_owned(),
        ColumnType::Instant(_) => "a time of whole microseconds".to_owned(),
        ColumnType::Count => "a whole number of 64 bits".to_owned(),
        ColumnType::Decimal { places } => format!("a DECIMAL({PRECISION}, {places})"),
    }
}

fn output(error: ParquetError) -> Error {
    Error::Output(std::io::Error::other(error))
}
