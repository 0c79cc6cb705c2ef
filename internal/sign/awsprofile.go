package sign

import (
	"cmp"
	"context"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"

	"github.com/portico-ai/portico/internal/ai"
)

// profile is the identity of the profile that AWS_PROFILE names, or of the
// default one, in the operator's shared files (~/.aws). It is nil if there is no
// such profile and none is named, or if it holds no credentials.
func (a *AWS) profile(fields map[string]string) (aws.CredentialsProvider, error) {
	name := cmp.Or(os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"))
	files := func(variable, standard string) []string { return []string{cmp.Or(os.Getenv(variable), standard)} }
	shared, err := config.LoadSharedConfigProfile(context.Background(), cmp.Or(name, "default"), func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles = files("AWS_SHARED_CREDENTIALS_FILE", config.DefaultSharedCredentialsFilename())
		o.ConfigFiles = files("AWS_CONFIG_FILE", config.DefaultSharedConfigFilename())
	})
	if _, missing := errors.AsType[config.SharedConfigProfileNotExistError](err); missing && name == "" {
		return nil, nil
	}
	if err != nil {
		return nil, badProfile(cmp.Or(name, "default"), "cannot be read", err)
	}
	return a.ofProfile(&shared, fields)
}

func (a *AWS) ofProfile(p *config.SharedConfig, fields map[string]string) (aws.CredentialsProvider, error) {
	source, err := a.profileSource(p, fields)
	switch {
	case err != nil || p.RoleARN == "" || p.WebIdentityTokenFile != "":
		return source, err
	case p.MFASerial != "":
		return nil, badProfile(p.Profile, "asks for a second factor, which a server has not", nil)
	case source == nil:
		return nil, badProfile(p.Profile, "has role_arn, but neither source_profile nor credential_source", nil)
	}
	return stscreds.NewAssumeRoleProvider(a.sts(source, fields), p.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = cmp.Or(p.RoleSessionName, sessionName)
		if p.ExternalID != "" {
			o.ExternalID = &p.ExternalID
		}
		if p.RoleDurationSeconds != nil {
			o.Duration = *p.RoleDurationSeconds
		}
	}), nil
}

// profileSource are the credentials that a profile holds or leads to, as whom its
// role is assumed if it has one.
func (a *AWS) profileSource(p *config.SharedConfig, fields map[string]string) (aws.CredentialsProvider, error) {
	switch {
	case p.Source != nil:
		return a.ofProfile(p.Source, fields)
	case p.Credentials.HasKeys():
		return credentials.StaticCredentialsProvider{Value: p.Credentials}, nil
	case p.WebIdentityTokenFile != "":
		return stscreds.NewWebIdentityRoleProvider(a.sts(aws.AnonymousCredentials{}, fields), p.RoleARN, stscreds.IdentityTokenFile(p.WebIdentityTokenFile),
			func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = cmp.Or(p.RoleSessionName, sessionName) }), nil
	case p.CredentialSource == "Environment":
		return nil, badProfile(p.Profile, "takes its keys from the environment, which has none", nil) // else they had come first
	case p.CredentialSource != "":
		return a.place()
	case p.CredentialProcess != "":
		return processcreds.NewProvider(p.CredentialProcess), nil
	case p.SSOSessionName != "" || p.SSOStartURL != "":
		return nil, badProfile(p.Profile, "signs in through a browser, which a server cannot", nil)
	}
	return nil, nil
}

func badProfile(name, problem string, err error) error {
	return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "aws_credentials", Err: err,
		Message: "The server's AWS profile " + name + " " + problem}
}
