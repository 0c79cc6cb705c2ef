package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
)

// doors are the gateway's own paths, and what they are called.
var doors = map[ai.Op]struct{ path, name string }{
	ai.Chat:     {"/v1/chat/completions, /v1/messages", "chat"},
	ai.Complete: {"/v1/completions", "completions"},
	ai.Embed:    {"/v1/embeddings", "embeddings"},
	ai.Rerank:   {"/v1/rerank", "rerank"},
	ai.Models:   {"/v1/models", "models"},
	ai.GetModel: {"/v1/models/{model}", "one model"},

	ai.CreateResponse: {"/v1/responses", string(ai.CreateResponse)},
}

func doorOf(op ai.Op) (path, name string) {
	if d, ok := doors[op]; ok {
		return d.path, d.name
	}
	for _, r := range slices.Concat(ai.Platform, ai.ResponseRoutes, ai.ConversationRoutes) {
		if r.Op == op {
			return "/v1" + r.Path, string(op)
		}
	}
	return "", string(op)
}

// Page is the provider's page in the manual, as Markdown.
func (d *Description) Page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nProvider `%s`. [%s's own reference](%s).\n", d.Name, d.ID, d.Name, d.Docs)
	if !d.Proven {
		b.WriteString("\n> Not proven: there was neither an official API description nor recorded traffic to check this provider against.\n" +
			"> What is here is from its reference.\n")
	}
	b.WriteString("\n## Set-up\n\n")
	d.writeSetUp(&b)
	d.writeFields(&b)
	d.writeOperations(&b)
	if len(d.Differences) > 0 {
		b.WriteString("\n## Good to know\n\n")
		for _, s := range d.Differences {
			fmt.Fprintf(&b, "- %s\n", s)
		}
	}
	return b.String()
}

func (d *Description) writeSetUp(b *strings.Builder) {
	if d.BaseURL == "" {
		b.WriteString("It has no address of its own: `custom_host` (or the header `x-portkey-custom-host`) names one.\n\n")
	} else {
		fmt.Fprintf(b, "Base URL: `%s`. `custom_host` replaces it.\n\n", d.BaseURL)
	}
	b.WriteString("Store the credentials as a virtual key in the console and call it as `@slug/model`, or send them along:\n\n```sh\n")
	d.writeCurl(b)
	b.WriteString("```\n")
}

func (d *Description) writeCurl(b *strings.Builder) {
	e := d.example()
	fmt.Fprintf(b, "curl http://127.0.0.1:8787/v1/%s \\\n  -H 'content-type: application/json' -H \"x-portkey-api-key: $KEY\" \\\n  -H 'x-portkey-provider: %s'", e.path, d.ID)
	if !d.keyless {
		fmt.Fprint(b, ` -H "authorization: Bearer $PROVIDER_KEY"`)
	}
	if d.BaseURL == "" {
		fmt.Fprint(b, " \\\n  -H 'x-portkey-custom-host: https://host.example'")
	}
	for _, f := range d.Fields {
		if f.Required && f.Header != "" {
			fmt.Fprintf(b, " \\\n  -H '%s: …'", f.Header)
		}
	}
	fmt.Fprintf(b, " \\\n  -d '%s'\n", e.body)
}

// An example is a request to show; of a provider, that of the first operation
// here that it offers.
type example struct {
	op         ai.Op
	path, body string
}

var examples = []example{
	{ai.Chat, "chat/completions", `{"model":"MODEL","messages":[{"role":"user","content":"Hello"}]}`},
	{ai.Embed, "embeddings", `{"model":"MODEL","input":"Hello"}`},
	{ai.ImageGenerate, "images/generations", `{"model":"MODEL","prompt":"A fox"}`},
	{ai.Speech, "audio/speech", `{"model":"MODEL","voice":"VOICE","input":"Hello"}`},
}

func (d *Description) example() example {
	for _, e := range examples {
		if slices.ContainsFunc(d.Operations, func(o Operation) bool { return o.Name == e.op }) {
			return e
		}
	}
	return examples[0]
}

func (d *Description) writeFields(b *strings.Builder) {
	if len(d.Fields) == 0 {
		return
	}
	b.WriteString("\n## Settings\n\nEach is a header of a request, a key of a config's target, and a field of a virtual key.\n\n| setting | header | config key | |\n| --- | --- | --- | --- |\n")
	for _, f := range d.Fields {
		keys := "`" + strings.Join(append([]string{f.Name}, f.Aliases...), "`, `") + "`"
		header := ""
		if f.Header != "" {
			header = "`" + f.Header + "`"
		}
		if f.Older != "" {
			header += ", `" + f.Older + "`"
		}
		help := f.Help
		switch {
		case f.Required:
			help += " (required)"
		case f.Default != "":
			help += " (default `" + f.Default + "`)"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", f.Label, header, keys, help)
	}
}

func (d *Description) writeOperations(b *strings.Builder) {
	b.WriteString("\n## Endpoints\n\n| operation | Portico | provider | format |\n| --- | --- | --- | --- |\n")
	for _, o := range d.Operations {
		path, name := doorOf(o.Name)
		fmt.Fprintf(b, "| %s | `%s` | `%s %s` | %s |\n", name, path, o.Method, o.Path, o.Dialect)
	}
}

// Index is the list of all providers' pages, as Markdown.
func (r *Registry) Index() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Providers\n\nPortico knows %d providers; any other host that speaks OpenAI's format is `openai` with a `custom_host`.\n"+
		"`portico providers` lists them too. [How each was checked](../conformance.md).\n\n", len(r.ids))
	b.WriteString("| provider | id | operations |\n| --- | --- | --- |\n")
	for _, id := range r.ids {
		d := r.byID[id].Describe()
		var names []string
		for _, o := range d.Operations {
			_, name := doorOf(o.Name)
			names = append(names, name)
		}
		fmt.Fprintf(&b, "| [%s](%s.md) | `%s` | %s |\n", d.Name, d.ID, d.ID, strings.Join(names, ", "))
	}
	return b.String()
}
