package s3

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// A Config says which bucket, and how to speak to it.
type Config struct {
	Bucket, Prefix string // Prefix ends in a slash, or is empty
	Region         string
	Endpoint       *url.URL // scheme and host alone
	PathStyle      bool     // the bucket stands in the path, not in the host
	Encryption     string   // "", AES256, aws:kms or aws:kms:dsse
	KMSKey         string
	BucketKey      bool
	RoleARN        string // assumed, as the server's own identity
	ExternalID     string
}

const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/"

// Parse reads s3://bucket/prefix?region=…&endpoint=….
func Parse(raw string) (c Config, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		return c, errors.New("cannot be read as a URL; it is s3://bucket/prefix?region=…")
	}
	c.Bucket, c.Prefix = u.Host, strings.Trim(u.Path, "/")
	switch {
	case u.User != nil:
		return c, errors.New("holds a user or password; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role")
	case c.Bucket == "" || strings.Trim(c.Bucket, safe) != "":
		return c, errors.New("names no bucket; it is s3://bucket/prefix?region=…")
	case strings.Trim(c.Prefix, safe) != "":
		return c, fmt.Errorf("has the prefix %q; a prefix is of letters, digits, dots, dashes, underscores and slashes", c.Prefix)
	}
	if c.Prefix != "" {
		c.Prefix += "/"
	}
	return c, c.options(u.Query())
}

func (c *Config) options(q url.Values) (err error) {
	endpoint, style := "", ""
	for name, values := range q {
		v := values[0]
		switch name {
		case "region":
			c.Region = v
		case "endpoint":
			endpoint = v
		case "style":
			style = v
		case "sse":
			c.Encryption = v
		case "kms_key":
			c.KMSKey = v
		case "bucket_key":
			c.BucketKey, err = strconv.ParseBool(v)
		case "role_arn":
			c.RoleARN = v
		case "external_id":
			c.ExternalID = v
		default:
			return fmt.Errorf("has %q, which is none of region, endpoint, style, sse, kms_key, bucket_key, role_arn, external_id", name)
		}
	}
	switch {
	case err != nil:
		return errors.New("has bucket_key, which must be true or false")
	case c.Encryption != "" && c.Encryption != "AES256" && c.Encryption != "aws:kms" && c.Encryption != "aws:kms:dsse":
		return fmt.Errorf("has sse=%s, which must be AES256, aws:kms or aws:kms:dsse", c.Encryption)
	case !strings.HasPrefix(c.Encryption, "aws:kms") && (c.KMSKey != "" || c.BucketKey):
		return errors.New("has kms_key or bucket_key, which go with sse=aws:kms")
	case c.ExternalID != "" && c.RoleARN == "":
		return errors.New("has external_id, which goes with role_arn")
	case style != "" && style != "path" && style != "virtual":
		return fmt.Errorf("has style=%s, which must be path or virtual", style)
	case endpoint == "" && c.Region == "":
		return errors.New("has no region: add ?region=…, or ?endpoint=… for a server other than Amazon's")
	}
	// A dot in the bucket's name would not fit the certificate of the host.
	c.PathStyle = style == "path" || style == "" && (endpoint != "" || strings.Contains(c.Bucket, "."))
	c.Region = cmp.Or(c.Region, "us-east-1")
	domain := "amazonaws.com"
	if strings.HasPrefix(c.Region, "cn-") {
		domain += ".cn"
	}
	return c.at(cmp.Or(endpoint, "https://s3."+c.Region+"."+domain))
}

func (c *Config) at(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "" {
		return fmt.Errorf("has endpoint=%s, which must be http:// or https:// and a host, as in https://minio.example.com:9000", endpoint)
	}
	u.Path = ""
	if !c.PathStyle {
		u.Host = c.Bucket + "." + u.Host
	}
	c.Endpoint = u
	return nil
}

// HostPort is where the bucket is dialled.
func (c *Config) HostPort() string {
	port := "443"
	if c.Endpoint.Scheme == "http" {
		port = "80"
	}
	return net.JoinHostPort(c.Endpoint.Hostname(), cmp.Or(c.Endpoint.Port(), port))
}
