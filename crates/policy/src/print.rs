//! A document as JSON again, on one line: every element, value and list that was read, and no other.

use std::fmt::{self, Write};

use crate::document::{Block, Document, PrincipalText, Scalar, Texts, Written};
use crate::parse::{Json, Member, Node};

impl fmt::Display for Document {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut object = Object::open(out)?;
        object.text("Version", self.version.as_ref())?;
        object.text("Id", self.id.as_ref())?;
        let out = object.name("Statement")?;
        if let (true, [statement]) = (self.single, self.statements.as_slice()) {
            write!(out, "{statement}")?;
        } else {
            list(out, &self.statements, |out, statement| write!(out, "{statement}"))?;
        }
        object.others(&self.others)?;
        object.close()
    }
}

impl fmt::Display for Written {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut object = Object::open(out)?;
        object.text("Sid", self.sid.as_ref())?;
        object.text("Effect", self.effect.as_ref())?;
        for (name, principal) in [("Principal", &self.principal), ("NotPrincipal", &self.not_principal)] {
            if let Some(principal) = principal {
                print_principal(object.name(name)?, principal)?;
            }
        }
        for (name, texts) in [
            ("Action", &self.action),
            ("NotAction", &self.not_action),
            ("Resource", &self.resource),
            ("NotResource", &self.not_resource),
        ] {
            if let Some(texts) = texts {
                print_texts(object.name(name)?, texts)?;
            }
        }
        if let Some(blocks) = &self.condition {
            print_condition(object.name("Condition")?, blocks)?;
        }
        object.others(&self.others)?;
        object.close()
    }
}

/// An object under way: knows whether a comma is due.
struct Object<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
    empty: bool,
}

impl<'a, 'b> Object<'a, 'b> {
    fn open(out: &'a mut fmt::Formatter<'b>) -> Result<Self, fmt::Error> {
        out.write_char('{')?;
        Ok(Self { out, empty: true })
    }

    fn name(&mut self, name: &str) -> Result<&mut fmt::Formatter<'b>, fmt::Error> {
        if !self.empty {
            self.out.write_char(',')?;
        }
        self.empty = false;
        print_text(self.out, name)?;
        self.out.write_char(':')?;
        Ok(self.out)
    }

    fn text(&mut self, name: &str, value: Option<&String>) -> fmt::Result {
        match value {
            Some(value) => print_text(self.name(name)?, value),
            None => Ok(()),
        }
    }

    fn others(&mut self, others: &[Member]) -> fmt::Result {
        others.iter().try_for_each(|member| print_node(self.name(&member.name)?, &member.node))
    }

    fn close(self) -> fmt::Result {
        self.out.write_char('}')
    }
}

fn list<'b, T>(
    out: &mut fmt::Formatter<'b>,
    items: &[T],
    print: impl Fn(&mut fmt::Formatter<'b>, &T) -> fmt::Result,
) -> fmt::Result {
    out.write_char('[')?;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        print(out, item)?;
    }
    out.write_char(']')
}

fn print_texts(out: &mut fmt::Formatter<'_>, texts: &Texts) -> fmt::Result {
    match (texts.single, texts.texts.as_slice()) {
        (true, [text]) => print_text(out, text),
        (_, texts) => list(out, texts, |out, text| print_text(out, text)),
    }
}

fn print_principal(out: &mut fmt::Formatter<'_>, principal: &PrincipalText) -> fmt::Result {
    match principal {
        PrincipalText::Everyone => print_text(out, "*"),
        PrincipalText::Kinds(kinds) => {
            let mut object = Object::open(out)?;
            for (kind, names) in kinds {
                print_texts(object.name(kind)?, names)?;
            }
            object.close()
        }
    }
}

fn print_condition(out: &mut fmt::Formatter<'_>, blocks: &[Block]) -> fmt::Result {
    let mut object = Object::open(out)?;
    for block in blocks {
        let mut tests = Object::open(object.name(&block.operator)?)?;
        for test in &block.tests {
            let out = tests.name(&test.key)?;
            match (test.single, test.values.as_slice()) {
                (true, [value]) => print_scalar(out, value)?,
                (_, values) => list(out, values, print_scalar)?,
            }
        }
        tests.close()?;
    }
    object.close()
}

fn print_scalar(out: &mut fmt::Formatter<'_>, scalar: &Scalar) -> fmt::Result {
    match scalar {
        Scalar::Text(text) => print_text(out, text),
        other => out.write_str(other.text()),
    }
}

fn print_node(out: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
    match &node.value {
        Json::Null => out.write_str("null"),
        Json::Bool(value) => write!(out, "{value}"),
        Json::Number(text) => out.write_str(text),
        Json::Text(text) => print_text(out, text),
        Json::List(nodes) => list(out, nodes, print_node),
        Json::Object(members) => {
            let mut object = Object::open(out)?;
            object.others(members)?;
            object.close()
        }
    }
}

fn print_text(out: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            control if control < ' ' => write!(out, "\\u{:04x}", u32::from(control))?,
            plain => out.write_char(plain)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use crate::parse::{self, Json};

    /// The tree with the names of every object sorted (two equal ones stay in order), positions left out.
    fn shape(node: &parse::Node) -> String {
        match &node.value {
            Json::List(nodes) => format!("{:?}", nodes.iter().map(shape).collect::<Vec<_>>()),
            Json::Object(members) => {
                let mut members: Vec<_> =
                    members.iter().map(|member| (member.name.clone(), shape(&member.node))).collect();
                members.sort_by(|left, right| left.0.cmp(&right.0));
                format!("{members:?}")
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn parse_print_parse_is_the_identity() {
        for text in [
            r#"{"Statement":[]}"#,
            r#"{"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
            r#"{"Statement":[{"Resource":[],"NotResource":"a","NotAction":["b","c"],"Principal":"*","Sid":"",
                "NotPrincipal":{"AWS":["1","2"],"Service":"s","AWS":[]},"Condition":{}}]}"#,
            r#"{"Mood":[null,{"a":1.50,"b":true}],"Statement":[{"Effect":"Allow","Effect":"Deny","Unless":"x",
                "Condition":{"Bool":{"k":true,"l":"true","m":[1,"2",false]},"Bool":{"k":[]}}}],"Statement":7}"#,
            r#"{"Statement":[{"Sid":"\"\\\/\b\n\u0001\u00e9😀\ud83d\ude00"}]}"#,
        ] {
            let read = |text: &str| shape(&parse::read(text).unwrap());
            let once = parse::document(text).unwrap().to_string();
            assert_eq!(read(text), read(&once), "{once}");
            assert_eq!(parse::document(&once).unwrap().to_string(), once);
        }
    }
}
