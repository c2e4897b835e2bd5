//! iam:ListRoles in the plain form. Of a role only what identifies it and its maximum session duration; everything else is in
//! iam:GetAccountAuthorizationDetails too.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>

use aws_sdk_iam::operation::list_roles::ListRolesOutput as Page;
use aws_sdk_iam::types::Role;

use super::plain::Reader;
use super::quick::{list, moment, primitive, result, skipped, text};

/// The page of a whole answer in the plain form.
pub fn roles(answer: &str) -> Option<Page> {
    result(answer, "ListRoles", |reader| {
        let mut page = Page::builder();
        while let Some(name) = reader.child()? {
            page = match name {
                "Roles" => page.set_roles(Some(list(reader, role)?)),
                "IsTruncated" => page.set_is_truncated(Some(primitive(reader)?)),
                "Marker" => page.set_marker(Some(text(reader)?)),
                _ => skipped(reader, page)?,
            };
        }
        page.build().ok()
    })
}

fn role(reader: &mut Reader<'_>) -> Option<Role> {
    let mut role = Role::builder();
    while let Some(name) = reader.child()? {
        role = match name {
            "Path" => role.set_path(Some(text(reader)?)),
            "RoleName" => role.set_role_name(Some(text(reader)?)),
            "RoleId" => role.set_role_id(Some(text(reader)?)),
            "Arn" => role.set_arn(Some(text(reader)?)),
            "CreateDate" => role.set_create_date(Some(moment(reader)?)),
            "MaxSessionDuration" => role.set_max_session_duration(Some(primitive(reader)?)),
            _ => skipped(reader, role)?,
        };
    }
    // Where something is missing that a role has, the SDK decides what it is then.
    role.build().ok()
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::answer::Quick;
    use crate::answer::quick::client;

    const ANSWER: &str = "<ListRolesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListRolesResult><Roles>\
         <member><Path>/</Path><RoleName>n</RoleName><RoleId>i</RoleId><Arn>a&amp;b</Arn>\
         <CreateDate>2026-01-02T03:04:05Z</CreateDate><MaxSessionDuration>3600</MaxSessionDuration></member>\
         <member><Path>/</Path><RoleName>m</RoleName><RoleId>j</RoleId><Arn>c</Arn>\
         <CreateDate>2026-01-02T03:04:05Z</CreateDate></member>\
         </Roles><IsTruncated>true</IsTruncated><Marker>m</Marker></ListRolesResult></ListRolesResponse>";

    async fn called(body: &str, is_quick: bool) -> Option<Page> {
        let request = client(body).list_roles();
        let answer = if is_quick {
            request.customize().interceptor(Quick(roles)).send().await
        } else {
            request.send().await
        };
        answer.ok()
    }

    #[tokio::test]
    async fn whatever_becomes_of_a_byte_a_page_is_what_the_sdk_reads() {
        assert_eq!(roles(ANSWER).unwrap().roles()[0].arn(), "a&b");
        let (mut read_quickly, mut left) = (0, 0);
        for at in 0..ANSWER.len() {
            for byte in *b"</&x" {
                let mut bytes = ANSWER.as_bytes().to_vec();
                bytes[at] = byte;
                let text = String::from_utf8(bytes).unwrap();
                match roles(&text) {
                    Some(page) => {
                        read_quickly += 1;
                        assert_eq!(Some(page), called(&text, false).await, "{text}");
                    }
                    None => left += 1,
                }
            }
        }
        assert!(read_quickly > 50 && left > 1_000, "{read_quickly} read quickly, {left} left to the SDK");
    }

    #[tokio::test]
    async fn a_call_leaves_out_documents_and_leaves_to_the_sdk_what_is_not_plain() {
        let document = "<AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument></member>";
        let plain = ANSWER.replacen("</member>", document, 1);
        let seen = async |body: &str| {
            let page = called(body, true).await.unwrap();
            page.roles()[0].assume_role_policy_document().map(str::to_owned)
        };
        assert_eq!(seen(&plain).await, None);
        assert_eq!(seen(&plain.replacen("<Arn>", "<Arn >", 1)).await.as_deref(), Some("%7B%7D"));
        assert_eq!(roles(&plain.replacen("<RoleId>i</RoleId>", "", 1)), None);
        assert_eq!(called(&plain.replacen("</Arn>", "</Arm>", 1), true).await, None);
    }
}
