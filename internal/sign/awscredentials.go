package sign

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portico-ai/portico/internal/ai"
)

const sessionName = "portico"

// expiryWindow is how long before they expire temporary credentials are
// replaced.
const expiryWindow = 5 * time.Minute

// provider finds the credentials that the fields speak of.
func (a *AWS) provider(mode string, fields map[string]string) (aws.CredentialsProvider, error) {
	if hasKeys(fields) {
		for _, name := range []string{"aws_access_key_id", "aws_secret_access_key"} {
			if fields[name] == "" {
				return nil, &ai.Error{Kind: ai.Invalid, Param: name, Message: "AWS needs " + name + " beside the other half of the key pair"}
			}
		}
	}
	keys := credentials.NewStaticCredentialsProvider(fields["aws_access_key_id"], fields["aws_secret_access_key"], fields["aws_session_token"])
	switch mode {
	case "", "accesskey":
		if !hasKeys(fields) {
			return nil, &ai.Error{Kind: ai.Invalid, Param: "aws_access_key_id", Message: "aws_auth_type accessKey needs aws_access_key_id and aws_secret_access_key"}
		}
		return keys, nil
	case awsServiceRole:
		if hasKeys(fields) {
			return nil, &ai.Error{Kind: ai.Invalid, Param: "aws_auth_type",
				Message: "aws_auth_type serviceRole is the server's own identity and takes no keys; leave them out, or leave out aws_auth_type"}
		}
		return a.remember(mode, fields, a.ownIdentity)
	case awsAssumedRole:
		if fields["aws_role_arn"] == "" {
			return nil, &ai.Error{Kind: ai.Invalid, Param: "aws_role_arn", Message: "aws_auth_type assumedRole needs aws_role_arn"}
		}
		return a.remember(mode, fields, func(fields map[string]string) (aws.CredentialsProvider, error) {
			if hasKeys(fields) {
				return a.role(keys, fields), nil
			}
			own, err := a.remember(awsServiceRole, map[string]string{"aws_region": fields["aws_region"]}, a.ownIdentity)
			if err != nil {
				return nil, err
			}
			return a.role(own, fields), nil
		})
	}
	return nil, &ai.Error{Kind: ai.Invalid, Param: "aws_auth_type", Message: "aws_auth_type must be accessKey, apiKey, assumedRole or serviceRole"}
}

// remember makes a provider once for the same fields and keeps what it gives.
func (a *AWS) remember(mode string, fields map[string]string, make func(map[string]string) (aws.CredentialsProvider, error)) (aws.CredentialsProvider, error) {
	key := []string{mode}
	for _, name := range []string{"aws_region", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_role_arn", "aws_external_id"} {
		if mode != awsServiceRole || name == "aws_region" {
			key = append(key, fields[name])
		}
	}
	return a.known.get(key, func() (aws.CredentialsProvider, error) {
		made, err := make(fields)
		if err != nil {
			return nil, err
		}
		return aws.NewCredentialsCache(made, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = expiryWindow }), nil
	})
}

// role assumes a role as whom source says.
func (a *AWS) role(source aws.CredentialsProvider, fields map[string]string) aws.CredentialsProvider {
	return stscreds.NewAssumeRoleProvider(a.sts(source, fields), fields["aws_role_arn"], func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if id := fields["aws_external_id"]; id != "" {
			o.ExternalID = &id
		}
	})
}

// sts is the token service of the call's region. Retries are the routing
// config's to decide.
func (a *AWS) sts(source aws.CredentialsProvider, fields map[string]string) *sts.Client {
	return sts.New(sts.Options{Region: region(fields), HTTPClient: a.clients.Tokens, Credentials: source, Retryer: aws.NopRetryer{}})
}

var errNoIdentity = errors.New("the server has no identity of AWS: neither keys, a profile nor a role in its environment")

// ownIdentity is what AWS gives to the place where the server runs, in the order
// of its SDKs: keys in the environment, a web identity (EKS), a profile in shared
// files, a container's credentials (ECS, EKS Pod Identity), the instance's role
// (EC2).
func (a *AWS) ownIdentity(fields map[string]string) (aws.CredentialsProvider, error) {
	env := os.Getenv
	switch {
	case env("AWS_ACCESS_KEY_ID") != "" && env("AWS_SECRET_ACCESS_KEY") != "":
		return credentials.NewStaticCredentialsProvider(env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"), env("AWS_SESSION_TOKEN")), nil
	case env("AWS_WEB_IDENTITY_TOKEN_FILE") != "" && env("AWS_ROLE_ARN") != "":
		return stscreds.NewWebIdentityRoleProvider(a.sts(aws.AnonymousCredentials{}, fields), env("AWS_ROLE_ARN"),
			stscreds.IdentityTokenFile(env("AWS_WEB_IDENTITY_TOKEN_FILE")), func(o *stscreds.WebIdentityRoleOptions) {
				if o.RoleSessionName = env("AWS_ROLE_SESSION_NAME"); o.RoleSessionName == "" {
					o.RoleSessionName = sessionName
				}
			}), nil
	}
	if found, err := a.profile(fields); found != nil || err != nil {
		return found, err
	}
	return a.place()
}

// place is the identity that a container or an instance has.
func (a *AWS) place() (aws.CredentialsProvider, error) {
	env := os.Getenv
	switch {
	case env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "":
		return a.container("http://169.254.170.2" + env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")), nil
	case env("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "":
		return a.container(env("AWS_CONTAINER_CREDENTIALS_FULL_URI")), nil
	case strings.EqualFold(env("AWS_EC2_METADATA_DISABLED"), "true"):
		return nil, noCredentials(context.Background(), awsServiceRole, errNoIdentity)
	}
	return ec2rolecreds.New(func(o *ec2rolecreds.Options) {
		o.Client = imds.New(imds.Options{HTTPClient: a.clients.Identity, Retryer: aws.NopRetryer{}})
	}), nil
}

func (a *AWS) container(address string) aws.CredentialsProvider {
	return endpointcreds.New(address, func(o *endpointcreds.Options) {
		o.HTTPClient, o.Retryer = a.clients.Identity, aws.NopRetryer{}
		o.AuthorizationToken = os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
		if file := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				token, err := os.ReadFile(file)
				return strings.TrimSpace(string(token)), err
			})
		}
	})
}
