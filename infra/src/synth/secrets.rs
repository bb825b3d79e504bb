//! The secret of the stack: the key that seals the cursors of the reader.
//!
//! ```text
//! CursorKey, made once by Secrets Manager ──► CloudFormation ──► WEIR_CURSOR_KEY of the Reader
//! ```
//!
//! CloudFormation puts the value into the reader's environment when it deploys the function
//! ("Using dynamic references to specify template values"). So the reader needs no permission to
//! read secrets and makes no request at its start. The stack deletes the secret with itself.
//!
//! **Invariant:** the value is in no template, parameter or output.

use serde_json::{Value, json};

use super::intrinsics::{only_if, reference, substituted};
use super::metadata::{answered, expendable};
use super::parameters::{KMS_KEY, when};
use super::resources::Resources;

/// The secret's name in the template.
const CURSOR_KEY: &str = "CursorKey";
/// The number of hexadecimal digits of a key.
const KEY_DIGITS: u32 = 64;
/// Every character that Secrets Manager generates besides hexadecimal digits.
const NOT_HEXADECIMAL: &str =
    "ghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// The check of checkov that the secret does not follow, with the reason.
const ANSWERS: [(&str, &str); 1] = [(
    "CKV_AWS_149",
    "Secrets Manager encrypts every secret; a key of the account does if KmsKeyArn names one",
)];

/// Adds the secret.
pub(super) fn add(resources: &mut Resources) {
    let secret = json!({
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {
            "Description": "Weir: the key that seals the cursors of the reader",
            "KmsKeyId": only_if(when::KEY, reference(KMS_KEY)),
            "GenerateSecretString": {
                "PasswordLength": KEY_DIGITS,
                "ExcludeUppercase": true,
                "ExcludePunctuation": true,
                "ExcludeCharacters": NOT_HEXADECIMAL,
            },
        },
    });
    resources.add(CURSOR_KEY, answered(expendable(secret), &ANSWERS));
}

/// Returns the key, as CloudFormation fills it in.
pub(super) fn cursor_key() -> Value {
    substituted(format!("{{{{resolve:secretsmanager:${{{CURSOR_KEY}}}}}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_is_a_key() {
        let ascii = ' '..='~';
        let left: String = ascii.filter(|c| *c != ' ' && !NOT_HEXADECIMAL.contains(*c)).collect();
        assert_eq!(left, "0123456789abcdef");
        let key = left.repeat(4);
        assert_eq!(key.len(), usize::try_from(KEY_DIGITS).expect("a small number"));
        weir_http::CursorKeys::parse(&key).expect("a key");
        let expected = json!({ "Fn::Sub": "{{resolve:secretsmanager:${CursorKey}}}" });
        assert_eq!(cursor_key(), expected);
    }
}
