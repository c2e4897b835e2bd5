//! The policy texts of a stored scan, by name: they belong to no account, and come in the order in which they were first met.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use orgsweep_lake::Scan;
use orgsweep_model::facts::Document;
use orgsweep_model::{Row as _, Rows, Value};

use crate::error::Error;

/// Texts in a temporary file, with an index in memory: about a hundred bytes a text, however long it is.
pub struct StoredTexts {
    file: File,
    places: HashMap<Arc<str>, (u64, usize)>,
}

impl StoredTexts {
    /// Reads all texts of a scan.
    pub fn of(scan: &Scan, failed: &dyn Fn(orgsweep_lake::LakeError) -> Error) -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(Error::Texts)?;
        let mut writer = BufWriter::new(file);
        let (mut places, mut end, mut lost) = (HashMap::new(), 0_u64, None);
        scan.each_row(&mut |document: Document| {
            let text = document.document_json.as_bytes();
            if lost.is_none() && !places.contains_key(&document.document_sha256) {
                lost = writer.write_all(text).err();
                places.insert(document.document_sha256, (end, text.len()));
                end += text.len() as u64;
            }
        })
        .map_err(failed)?;
        if let Some(error) = lost {
            return Err(Error::Texts(error));
        }
        let file = writer.into_inner().map_err(|error| Error::Texts(error.into_error()))?;
        Ok(Self { file, places })
    }

    /// The texts that these tables name, each once: in the column that `documents` is named by.
    pub fn of_tables(&mut self, tables: impl Iterator<Item = Arc<dyn Rows>>) -> Result<Vec<Document>, Error> {
        let mut names: Vec<Arc<str>> = Vec::new();
        for rows in tables {
            let Some(position) = rows.schema().position(Document::SCHEMA.columns[0].name) else { continue };
            for row in 0..rows.len() {
                let mut column = 0;
                rows.visit(row, &mut |value| {
                    if let (true, Value::Text(name)) = (column == position, value) {
                        names.push(name.into());
                    }
                    column += 1;
                });
            }
        }
        self.named(names.iter())
    }

    fn named<'n>(&mut self, names: impl Iterator<Item = &'n Arc<str>>) -> Result<Vec<Document>, Error> {
        let mut seen = std::collections::HashSet::new();
        let mut documents = Vec::new();
        for name in names.filter(|name| seen.insert(Arc::clone(name))) {
            // A text that is not there is missed by who asks for it.
            let Some((start, length)) = self.places.get(name) else {
                continue;
            };
            let mut text = vec![0; *length];
            self.file.seek(SeekFrom::Start(*start)).map_err(Error::Texts)?;
            self.file.read_exact(&mut text).map_err(Error::Texts)?;
            let text = String::from_utf8_lossy(&text);
            documents.push(Document { document_sha256: Arc::clone(name), document_json: text.into() });
        }
        Ok(documents)
    }
}
