package price

import (
	"iter"
	"net/url"
	"strings"
)

// spellings yields the names under which a model may be listed, the most
// specific first. The name is in lower case. The provider's own spellings come
// first, then those that all have in common of each of them.
func spellings(provider, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(name) {
			return
		}
		name = strings.TrimPrefix(name, provider+"/")
		names := only(name)
		if habit := habits[provider]; habit != nil {
			names = habit(name)
		}
		for own := range names {
			if !yield(own) {
				return
			}
		}
		for own := range names {
			if !common(own, provider, yield) {
				return
			}
		}
	}
}

// common yields a name without vendor prefix, fine-tune id, @version, -latest and
// date, and with -latest.
func common(name, provider string, yield func(string) bool) bool {
	name = trimPrefixes(name, provider)
	fine := trimFineTune(name)
	if !yield(name) || fine != name && !yield(fine) {
		return false
	}
	name = fine
	if base, version, ok := strings.Cut(name, "@"); ok && base != "" {
		if !yield(base+"-"+version) || !yield(base) {
			return false
		}
		name = base
	}
	return yield(strings.TrimSuffix(name, "-latest")) && yield(trimDate(name)) && yield(name+"-latest")
}

// prefixes are what clients and routers put before a model's own name.
var prefixes = []string{"models/", "openai/", "anthropic/", "azure/"}

func trimPrefixes(name, provider string) string {
	for {
		before := name
		name = strings.TrimPrefix(name, provider+"/")
		for _, p := range prefixes {
			name = strings.TrimPrefix(name, p)
		}
		if name == before {
			return name
		}
	}
}

// habits are how providers name models beside the common way. Each yields the
// names to try, the most specific first; none for what is never on a price list.
var habits = map[string]func(string) iter.Seq[string]{
	"bedrock":        bedrockNames,
	"bedrock-mantle": bedrockNames,
	"fireworks-ai": func(name string) iter.Seq[string] {
		return only(strings.TrimPrefix(name, "accounts/fireworks/models/"))
	},
	"google":     geminiNames,
	"vertex-ai":  vertexNames,
	"workers-ai": workersNames,
}

func only(names ...string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range names {
			if !yield(name) {
				return
			}
		}
	}
}

// bedrockNames reads a model id, an inference profile's id or the ARN of either.
// A profile's region is tried first with the model, for some have a surcharge:
// "us.anthropic.claude-haiku-4-5-20251001-v1:0"; so is a region before a slash:
// "eu-west-2/qwen.qwen3-coder-next". Provisioned and imported models have no
// price per token.
//
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
func bedrockNames(name string) iter.Seq[string] {
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	if strings.HasPrefix(name, "arn:") {
		kind, id, _ := strings.Cut(name[strings.LastIndexByte(name, ':')+1:], "/")
		if at := strings.Index(name, ":foundation-model/"); at >= 0 { // its id may hold a colon
			kind, id = "foundation-model", name[at+len(":foundation-model/"):]
		} else if at := strings.Index(name, ":inference-profile/"); at >= 0 {
			kind, id = "inference-profile", name[at+len(":inference-profile/"):]
		}
		if kind != "foundation-model" && kind != "inference-profile" {
			return only()
		}
		name = id
	}
	names := versions(name)
	if region, rest, ok := strings.Cut(name, "/"); ok && strings.Count(region, "-") >= 2 {
		name = rest
		names = append(names, versions(name)...)
	}
	if profile, rest, ok := strings.Cut(name, "."); ok && bedrockProfiles[profile] {
		names = append(names, versions(rest)...)
	}
	return only(names...)
}

// bedrockProfiles are what ids of inference profiles begin with.
var bedrockProfiles = map[string]bool{
	"us": true, "us-gov": true, "eu": true, "apac": true, "au": true, "ca": true, "jp": true, "in": true, "global": true,
}

// versions yields "m-v1:0:200k", "m-v1:0", "m-v1", "m".
func versions(name string) []string {
	names := []string{name}
	for {
		at := strings.LastIndexByte(name, ':')
		if at < 0 {
			break
		}
		name = name[:at]
		names = append(names, name)
	}
	for _, shape := range []string{"-vd", "-vdd"} {
		if base, ok := cutShape(name, shape); ok {
			return append(names, base)
		}
	}
	return append(names, name+"-v1:0")
}

// geminiNames cuts a stable version, "-001", which is billed as the model.
func geminiNames(name string) iter.Seq[string] {
	name = strings.TrimPrefix(name, "models/")
	base, _ := cutShape(name, "-ddd")
	return only(name, base)
}

// vertexNames reads a resource's path, "publisher/model" and "publisher.model".
// What is deployed to an endpoint is paid by the hour.
func vertexNames(name string) iter.Seq[string] {
	if at := strings.LastIndex(name, "/models/"); at >= 0 && strings.Contains(name, "publishers/") {
		name = name[at+len("/models/"):]
	}
	if strings.HasPrefix(name, "endpoints.") || strings.Contains(name, "/endpoints/") {
		return only()
	}
	names := []string{name}
	for _, publisher := range []string{"google", "anthropic", "meta", "mistralai"} {
		if rest, ok := strings.CutPrefix(name, publisher+"."); ok {
			names = append(names, publisher+"/"+rest)
			name = rest
			names = append(names, name)
		}
	}
	if _, rest, ok := strings.Cut(name, "/"); ok {
		name = rest
		names = append(names, name)
	}
	if base, ok := cutShape(name, "-dddddddd"); ok {
		names = append(names, base+"@"+name[len(base)+1:])
	} else if base, ok := cutShape(name, "-ddd"); ok {
		names = append(names, base)
	}
	return only(names...)
}

// workersNames adds the catalogue that a model is in, if it is left out.
func workersNames(name string) iter.Seq[string] {
	if strings.HasPrefix(name, "@") {
		return only(name)
	}
	return only("@cf/"+name, "@hf/"+name)
}

// trimFineTune cuts what identifies one fine-tuned model and keeps what says
// that it is one: "ft:gpt-4o-mini-2024-07-18:org::id" is priced as
// "ft:gpt-4o-mini-2024-07-18", Azure's "gpt-4o-2024-08-06.ft-1f2e" as
// "gpt-4o-2024-08-06.ft".
func trimFineTune(name string) string {
	if rest, ok := strings.CutPrefix(name, "ft:"); ok {
		base, _, _ := strings.Cut(rest, ":")
		return name[:len("ft:")+len(base)]
	}
	if i := strings.Index(name, ".ft-"); i > 0 {
		return name[:i+len(".ft")]
	}
	return name
}

// trimDate cuts a trailing -2024-07-18 or -20250219, also before ".ft".
func trimDate(name string) string {
	base, ft := strings.CutSuffix(name, ".ft")
	for _, layout := range []string{"-dddd-dd-dd", "-dddddddd"} {
		if rest, ok := cutShape(base, layout); ok {
			if ft {
				return rest + ".ft"
			}
			return rest
		}
	}
	return name
}

// cutShape cuts a suffix of the shape, in which d stands for a digit.
func cutShape(name, shape string) (string, bool) {
	at := len(name) - len(shape)
	if at <= 0 {
		return name, false
	}
	for i := range len(shape) {
		c := name[at+i]
		if shape[i] == 'd' && (c < '0' || c > '9') || shape[i] != 'd' && c != shape[i] {
			return name, false
		}
	}
	return name[:at], true
}
