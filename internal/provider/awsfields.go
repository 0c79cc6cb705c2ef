package provider

import "strings"

// AWSFields are the settings of a provider in Amazon's cloud: how its calls are
// signed and where they go. Further fields follow them.
func AWSFields(more ...Field) []Field {
	aws := func(name, label, help string) Field {
		return Field{Name: "aws_" + name, Header: "aws-" + strings.ReplaceAll(name, "_", "-"), Label: label, Help: help}
	}
	secret := func(f Field) Field { f.Secret = true; return f }
	bound := func(f Field) Field { f.Bound = true; return f }
	region := aws("region", "Region", "For example us-east-1, which it is by default")
	region.URLPart, region.Default = true, "us-east-1"
	auth := bound(aws("auth_type", "Authentication", "accessKey, apiKey, assumedRole (aws_role_arn) or serviceRole (the server's own identity)"))
	// A role may be assumed with keys that the request brings. The signer takes no
	// keys for serviceRole, so that bringing some does not lead to the server's own.
	auth.StoredOnly, auth.StoredUnless = []string{"assumedrole", "servicerole"}, "aws_secret_access_key"
	return append([]Field{
		aws("access_key_id", "Access key id", "Of the key pair that signs, instead of an API key"),
		secret(aws("secret_access_key", "Secret access key", "The other half of the key pair")),
		secret(aws("session_token", "Session token", "Belongs to temporary key pairs")),
		region,
		auth,
		bound(aws("role_arn", "Role", "ARN of the role to assume; for authentication assumedRole")),
		bound(aws("external_id", "External id", "What the role's trust policy asks for")),
	}, more...)
}
