//! The ARNs that resources of a type have: `arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}`.

/// The parts of an ARN: `arn`, partition, service, Region, account, resource.
const PARTS: usize = 6;

/// How far an ARN has a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It has.
    Whole,
    /// Service and resource have, Region or account have not.
    OtherPlace,
    /// It has not.
    None,
}

/// The six parts; `None`: there are fewer, or one that there must be is empty.
pub fn parts(arn: &str) -> Option<[&str; PARTS]> {
    let parts: Vec<&str> = arn.splitn(PARTS, ':').collect();
    let parts: [&str; PARTS] = parts.try_into().ok()?;
    let [arn, partition, service, _, _, resource] = parts;
    let is_whole = arn == "arn" && !partition.is_empty() && !service.is_empty() && !resource.is_empty();
    is_whole.then_some(parts)
}

/// How far an ARN has a form.
pub fn fit(form: &str, arn: &str) -> Fit {
    let (Some(forms), Some(own)) = (parts(form), parts(arn)) else {
        return Fit::None;
    };
    let has = |place: usize| is_filled(forms[place], own[place]);
    if !(has(2) && has(5)) {
        Fit::None
    } else if has(1) && has(3) && has(4) {
        Fit::Whole
    } else {
        Fit::OtherPlace
    }
}

/// Whether a text is a form in which something stands for each `${Name}`, and anything for each `*`.
fn is_filled(form: &str, text: &str) -> bool {
    let mut pieces = pieces(form).into_iter();
    let Some(Piece { before, hole }) = pieces.next() else { return false };
    let (Some(mut rest), Some(mut hole)) = (text.strip_prefix(before), hole) else {
        return text == before;
    };
    for piece in pieces {
        let least = hole.least(rest);
        let found = match piece.hole {
            // What comes last stands at the end.
            None => rest.strip_suffix(piece.before).map(|inside| (inside, "")),
            Some(_) => rest.get(least..).and_then(|behind| {
                let at = least + behind.find(piece.before)?;
                Some((rest.get(..at)?, rest.get(at + piece.before.len()..)?))
            }),
        };
        match (found, piece.hole) {
            (Some((inside, _)), _) if !hole.takes(inside) => return false,
            (Some((_, behind)), Some(next)) => (rest, hole) = (behind, next),
            (Some(_), None) => return true,
            (None, _) => return false,
        }
    }
    false
}

/// Plain text, and the hole behind it; the last piece has none.
#[derive(Clone, Copy)]
struct Piece<'a> {
    before: &'a str,
    hole: Option<Hole<'a>>,
}

#[derive(Clone, Copy)]
enum Hole<'a> {
    Named(&'a str),
    Anything,
}

impl Hole<'_> {
    /// Bytes that it takes at the least.
    fn least(self, text: &str) -> usize {
        match self {
            Self::Anything => 0,
            Self::Named(_) => text.chars().next().map_or(1, char::len_utf8),
        }
    }

    fn takes(self, text: &str) -> bool {
        match self {
            Self::Anything => true,
            // An object is no bucket, and an index no table; most other names may have a path.
            Self::Named("BucketName" | "TableName") => !text.is_empty() && !text.contains('/'),
            Self::Named(_) => !text.is_empty(),
        }
    }
}

fn pieces(form: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = form;
    loop {
        let named = rest.find("${").and_then(|at| Some((at, at + rest.get(at..)?.find('}')?)));
        match (named, rest.find('*')) {
            (Some((start, end)), star) if star.is_none_or(|star| start < star) => {
                pieces.push(Piece { before: &rest[..start], hole: Some(Hole::Named(&rest[start + 2..end])) });
                rest = &rest[end + 1..];
            }
            (_, Some(star)) => {
                pieces.push(Piece { before: &rest[..star], hole: Some(Hole::Anything) });
                rest = &rest[star + 1..];
            }
            _ => {
                pieces.push(Piece { before: rest, hole: None });
                return pieces;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_have_the_form_of_their_type() {
        let role = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}";
        let object = "arn:${Partition}:s3:::${BucketName}/${ObjectName}";
        let bucket = "arn:${Partition}:s3:::${BucketName}";
        let alias = "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}:${Alias}";
        let any = "arn:${Partition}:health:*::event/${Service}/${EventTypeCode}/*";
        for (form, arn, wanted) in [
            (role, "arn:aws:iam::111122223333:role/a/b", Fit::Whole),
            (role, "arn:aws:iam::111122223333:role/", Fit::None),
            (role, "arn:aws:iam::111122223333:user/a", Fit::None),
            (role, "arn:aws:iam:::role/a", Fit::OtherPlace),
            (role, "arn:aws:iam:us-east-1:111122223333:role/a", Fit::OtherPlace),
            (role, "role/a", Fit::None),
            (object, "arn:aws-cn:s3:::b/k/l", Fit::Whole),
            (object, "arn:aws:s3:::b", Fit::None),
            (object, "arn:aws:s3:::/k", Fit::None),
            (object, "arn:aws:s3:::ü/ö", Fit::Whole),
            (bucket, "arn:aws:s3:::b", Fit::Whole),
            (bucket, "arn:aws:s3:::b/k", Fit::None),
            (bucket, "arn:aws:s3:eu-west-1::b", Fit::OtherPlace),
            (alias, "arn:aws:lambda:us-east-1:111122223333:function:f:live", Fit::Whole),
            (alias, "arn:aws:lambda:us-east-1:111122223333:function:f", Fit::None),
            (any, "arn:aws:health:us-east-1::event/EC2/x/y", Fit::Whole),
            (any, "arn:aws:health:::event/EC2/x/", Fit::Whole),
            ("open${", "arn:aws:s3:::b", Fit::None),
        ] {
            assert_eq!(fit(form, arn), wanted, "{form} {arn}");
        }
    }

    #[test]
    fn arns_have_six_parts() {
        for text in ["", "*", "arn", "arn:aws:s3:::", "arn::s3:::b", "arn:aws::::b", "x:aws:s3:::b"] {
            assert_eq!(parts(text), None, "{text}");
        }
        assert_eq!(parts("arn:aws:sns:r:1:t:u").unwrap()[5], "t:u");
    }

    /// What the catalogue holds are forms.
    #[test]
    fn every_form_of_the_catalogue_is_filled_by_itself() {
        for action in orgsweep_policy::Catalogue::get().actions() {
            for kind in action.resource_types() {
                // A name in a hole is a name.
                let filled = kind.arn.replace("${", "").replace('}', "");
                assert_eq!(fit(kind.arn, &filled), Fit::Whole, "{action} {}", kind.arn);
            }
        }
    }
}
