package price

import "strings"

// prefixes are what clients and routers put before a model's own name.
var prefixes = []string{"models/", "openai/", "anthropic/", "azure/"}

// findName looks for the model under the other spellings of its name, the most
// specific first. It returns nil if there is none.
func findName(models map[string]*Price, provider, model string) *Price {
	name := strings.ToLower(model)
	if p := models[name]; p != nil {
		return p
	}
	name = trimPrefixes(name, provider)
	if p := models[name]; p != nil {
		return p
	}
	name = trimFineTune(name)
	if p := models[name]; p != nil {
		return p
	}
	if base, version, ok := strings.Cut(name, "@"); ok {
		if p := models[base+"-"+version]; p != nil {
			return p
		}
		name = base
		if p := models[name]; p != nil {
			return p
		}
	}
	for _, base := range []string{strings.TrimSuffix(name, "-latest"), trimDate(name)} {
		if p := models[base]; p != nil {
			return p
		}
	}
	return models[name+"-latest"]
}

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
