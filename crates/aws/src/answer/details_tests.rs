//! A page is what the SDK reads, whatever becomes of a byte. Which rows are made of it: `collect/authorization_details.rs`.

use std::fmt::Write;

use super::*;
use crate::answer::Quick;
use crate::answer::quick::client;

/// An answer with every element that is read, with values as short as can be.
fn whole() -> String {
    let date = "2026-01-02T03:04:05Z";
    let inline = "<member><PolicyName>n</PolicyName><PolicyDocument>%7B%7D</PolicyDocument></member>";
    let attached = "<AttachedManagedPolicies><member><PolicyName>n</PolicyName><PolicyArn>p</PolicyArn></member>\
         </AttachedManagedPolicies>";
    let boundary = "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
         <PermissionsBoundaryArn>b</PermissionsBoundaryArn></PermissionsBoundary>";
    let tags = "<Tags><member><Key>k</Key><Value>&lt;a&gt; &amp; &quot;b&quot;&apos; é</Value></member>\
         <member><Key>l</Key><Value/></member></Tags>";
    let head = |kind: &str| {
        format!(
            "<Path>/</Path><{kind}Name>n</{kind}Name><{kind}Id>i</{kind}Id><Arn>a</Arn><CreateDate>{date}</CreateDate>"
        )
    };
    let mut text =
        "<GetAccountAuthorizationDetailsResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n \
         <GetAccountAuthorizationDetailsResult>"
            .to_owned();
    let _ = write!(
        text,
        "<UserDetailList><member>{}<UserPolicyList>{inline}{inline}</UserPolicyList>\
         <GroupList><member>g</member><member>h</member></GroupList>{attached}{boundary}{tags}</member>\n<member>\
         <UserPolicyList/></member></UserDetailList>",
        head("User")
    );
    let _ = write!(
        text,
        "<GroupDetailList><member>{}<GroupPolicyList>{inline}</GroupPolicyList>{attached}</member></GroupDetailList>",
        head("Group")
    );
    let _ = write!(
        text,
        "<RoleDetailList><member>{}<AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>\
         <RolePolicyList>{inline}</RolePolicyList>{attached}{boundary}{tags}\
         <RoleLastUsed><LastUsedDate>{date}</LastUsedDate><Region>r</Region></RoleLastUsed></member></RoleDetailList>",
        head("Role")
    );
    let _ = write!(
        text,
        "<Policies><member>{}<DefaultVersionId>v1</DefaultVersionId><AttachmentCount>3</AttachmentCount>\
         <PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable>\
         <Description> d </Description><UpdateDate>{date}</UpdateDate><PolicyVersionList><member>\
         <Document>%7B%7D</Document><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion>\
         <CreateDate>{date}</CreateDate></member></PolicyVersionList><New>x</New></member></Policies>",
        head("Policy")
    );
    text + "<IsTruncated>true</IsTruncated><Marker>m</Marker></GetAccountAuthorizationDetailsResult>\
         <ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></GetAccountAuthorizationDetailsResponse>\n"
}

fn replaced(from: &str, to: &str) -> String {
    assert!(whole().contains(from), "{from}");
    whole().replacen(from, to, 1)
}

async fn called(body: &str, is_quick: bool) -> Option<Page> {
    let request = client(body).get_account_authorization_details();
    let answer = if is_quick {
        request.customize().interceptor(Quick(details)).send().await
    } else {
        request.send().await
    };
    answer.ok()
}

#[tokio::test]
async fn a_page_is_what_the_sdk_reads() {
    let page = details(&whole()).unwrap();
    assert_eq!(page.policies()[0].description(), Some(" d "));
    assert_eq!(page.role_detail_list()[0].tags()[0].value(), "<a> & \"b\"' é");
    assert_eq!(Some(page), called(&whole(), false).await);
}

#[tokio::test]
async fn whatever_becomes_of_a_byte_a_page_is_what_the_sdk_reads() {
    let body = whole();
    let (mut read_quickly, mut left) = (0, 0);
    for at in 0..body.len() {
        for byte in *b"</&x" {
            let mut bytes = body.clone().into_bytes();
            bytes[at] = byte;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            match details(&text) {
                Some(page) => {
                    read_quickly += 1;
                    assert_eq!(Some(page), called(&text, false).await, "{text}");
                }
                None => left += 1,
            }
        }
    }
    assert!(read_quickly > 500 && left > 5_000, "{read_quickly} read quickly, {left} left to the SDK");
}

#[test]
fn what_is_cut_off_anywhere_is_left_to_the_sdk() {
    let body = whole();
    let ends = (0..body.len() - 1).filter(|end| body.is_char_boundary(*end));
    for end in ends {
        assert_eq!(details(&body[..end]), None, "{}", &body[..end]);
    }
}

#[test]
fn what_is_not_plain_is_left_to_the_sdk() {
    for (from, to) in [
        ("<Key>k</Key>", ""),
        ("&amp;", "&#38;"),
        ("&amp;", "&copy;"),
        ("&amp;", "& "),
        ("2026-01-02T", "yesterday"),
        ("<AttachmentCount>3", "<AttachmentCount>three"),
        ("<IsTruncated>true", "<IsTruncated>yes"),
        ("<Arn>a</Arn>", "<Arn><b/></Arn>"),
        ("<Arn>a</Arn>", "<Arn><![CDATA[a]]></Arn>"),
        ("<Policies>", "<Policies/><Policies>"),
        ("GetAccountAuthorizationDetailsResult", "Result"),
    ] {
        assert_eq!(details(&replaced(from, to)), None, "{to}");
    }
    let empty = "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult/>\
         </GetAccountAuthorizationDetailsResponse>";
    assert_eq!(details(empty), None, "a result without a list");
}

#[tokio::test]
async fn a_call_reads_quickly_what_is_plain_and_leaves_the_rest_to_the_sdk() {
    // The profiles are what the quick way leaves out.
    let profiles = "<Region>r</Region></RoleLastUsed><InstanceProfileList><member><Arn>i</Arn></member></InstanceProfileList>";
    let plain = replaced("<Region>r</Region></RoleLastUsed>", profiles);
    let seen = async |body: &str| {
        let page = called(body, true).await.unwrap();
        page.role_detail_list()[0].instance_profile_list().len()
    };
    assert_eq!(seen(&plain).await, 0);
    assert_eq!(seen(&plain.replacen("<Arn>", "<Arn >", 1)).await, 1);
    assert_eq!(called(&plain.replacen("</Arn>", "</Arm>", 1), true).await, None);
}
