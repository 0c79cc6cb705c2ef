package provider_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/provider"
)

func TestFit(t *testing.T) {
	renamed := provider.Param{Name: "max_completion_tokens", As: "max_tokens"}
	limited := provider.Param{Name: "temperature", Max: 1.5}
	type lost = []ai.Receipt
	for _, c := range []struct {
		name     string
		quirks   provider.Quirks
		op       ai.Op
		in, want string
		lost     lost
	}{
		{name: "no quirks", in: `{"a": 1e3 ,"stream_options":{}}`, want: `{"a": 1e3 ,"stream_options":{}}`},
		{name: "nothing concerned", quirks: provider.Quirks{NoStreamOptions: true, TextOnly: true, Params: []provider.Param{renamed, limited}},
			in: `{"model": "m",  "temperature":1.5, "messages":[ {"role":"user","content":"x"} ]}`, want: `{"model": "m",  "temperature":1.5, "messages":[ {"role":"user","content":"x"} ]}`},
		{name: "renamed", quirks: provider.Quirks{Params: []provider.Param{renamed}}, in: `{"max_completion_tokens":5,"model":"m"}`, want: `{"model":"m","max_tokens":5}`},
		{name: "renamed to what is there", quirks: provider.Quirks{Params: []provider.Param{renamed}}, in: `{"max_completion_tokens":5,"max_tokens":6}`, want: `{"max_tokens":6}`,
			lost: lost{{Path: "max_completion_tokens", Reason: "Example knows it as max_tokens, which is set as well"}}},
		{name: "null means nothing", quirks: provider.Quirks{Params: []provider.Param{renamed, {Name: "user"}}}, in: `{"max_completion_tokens":null,"user":null,"a":1}`, want: `{"a":1}`},
		{name: "refused", quirks: provider.Quirks{Params: []provider.Param{{Name: "user"}}}, in: `{"user":"u","a":1}`, want: `{"a":1}`,
			lost: lost{{Path: "user", Reason: "Example does not take it"}}},
		{name: "of another operation", quirks: provider.Quirks{Params: []provider.Param{{Name: "user", Op: ai.Embed}}}, in: `{"user":"u"}`, want: `{"user":"u"}`},
		{name: "of this operation", op: ai.Embed, quirks: provider.Quirks{Params: []provider.Param{{Name: "dimensions", Op: ai.Embed, As: "size"}}}, in: `{"dimensions":8}`, want: `{"size":8}`},
		{name: "one value", quirks: provider.Quirks{Params: []provider.Param{{Name: "tool_choice", Value: `"required"`, To: `"any"`}}}, in: `{"tool_choice":"required"}`, want: `{"tool_choice":"any"}`},
		{name: "another value", quirks: provider.Quirks{Params: []provider.Param{{Name: "tool_choice", Value: `"required"`, To: `"any"`}}}, in: `{"tool_choice":"none"}`, want: `{"tool_choice":"none"}`},
		{name: "limited", quirks: provider.Quirks{Params: []provider.Param{limited}}, in: `{"temperature":2}`, want: `{"temperature":1.5}`,
			lost: lost{{Path: "temperature", Reason: "Example takes at most 1.5; 2 was sent as that"}}},
		{name: "limit of what is no number", quirks: provider.Quirks{Params: []provider.Param{limited}}, in: `{"temperature":"hot"}`, want: `{"temperature":"hot"}`},
		{name: "stream options", quirks: provider.Quirks{NoStreamOptions: true}, in: `{"stream_options":{"include_usage":true},"stream":true}`, want: `{"stream":true}`,
			lost: lost{{Path: "stream_options", Reason: "Example does not take it"}}},
		{name: "role", quirks: provider.Quirks{Roles: map[string]string{"developer": "system"}},
			in: `{"messages":[{"role":"developer","content":"a"},{"role":"user","content":"developer"}]}`, want: `{"messages":[{"role":"system","content":"a"},{"role":"user","content":"developer"}]}`},
		{name: "role that means another", quirks: provider.Quirks{Roles: map[string]string{"system": "user"}},
			in: `{"messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]}`, want: `{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}`,
			lost: lost{{Path: "messages[1].role", Reason: "Example has no role system; it was sent as user"}}},
		{name: "text", quirks: provider.Quirks{TextOnly: true},
			in: `{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b\"c"}]}]}`, want: `{"messages":[{"role":"user","content":"a\nb\"c"}]}`},
		{name: "no text", quirks: provider.Quirks{TextOnly: true}, in: `{"messages":[{"role":"assistant","content":null,"tool_calls":[]}]}`,
			want: `{"messages":[{"role":"assistant","content":"","tool_calls":[]}]}`},
		{name: "text left out", quirks: provider.Quirks{TextOnly: true}, in: `{"messages":[{"role":"assistant","tool_calls":[]}]}`,
			want: `{"messages":[{"role":"assistant","tool_calls":[],"content":""}]}`},
		{name: "text beside an image", quirks: provider.Quirks{TextOnly: true},
			in: `{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url"}]}]}`, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url"}]}]}`},
		{name: "messages that are none", quirks: provider.Quirks{TextOnly: true, Roles: map[string]string{"developer": "system"}}, in: `{"messages":["x",7]}`, want: `{"messages":["x",7]}`},
		{name: "messages of another operation", op: ai.Complete, quirks: provider.Quirks{Roles: map[string]string{"developer": "system"}},
			in: `{"messages":[{"role":"developer"}]}`, want: `{"messages":[{"role":"developer"}]}`},
		{name: "members of messages", quirks: provider.Quirks{Members: []string{"name", "annotations"}},
			in:   `{"messages":[{"role":"user","name":"n","content":"a"},{"role":"assistant","annotations":[],"content":"b"}]}`,
			want: `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}`,
			lost: lost{{Path: "messages[0].name", Reason: "Example does not take it"}}},
		{name: "adapter", quirks: provider.Quirks{AdapterMark: ":"}, in: `{"model":"base:repo/1","x":1}`, want: `{"model":"repo/1","x":1}`},
		{name: "no adapter", quirks: provider.Quirks{AdapterMark: ":"}, in: `{"model":"base","x":1}`, want: `{"model":"","x":1}`},
		{name: "tools", quirks: provider.Quirks{FlatTools: true}, in: `{"tools":[{"type":"function","function":{"name":"f"}},{"name":"g"}]}`, want: `{"tools":[{"name":"f"},{"name":"g"}]}`},
		{name: "no tools", quirks: provider.Quirks{FlatTools: true}, in: `{"tools":null}`, want: `{"tools":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &provider.Provider{ID: "example", Name: "Example", Quirks: c.quirks}
			cv := &dialect.Conversion{Op: c.op}
			if c.op == "" {
				cv.Op = ai.Chat
			}
			in := []byte(c.in)
			got, err := p.Fit(cv, in)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want || string(in) != c.in {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if diff := cmp.Diff(c.lost, cv.Receipts); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}
