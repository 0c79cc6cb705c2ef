package gemini

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
)

// fromHubCases are requests of OpenAI's clients, what Gemini is sent for them, and
// what could not be carried. Each is for a model of its own where that matters.
var fromHubCases = map[string]struct {
	model     string
	hub, want string
	receipts  []string
}{
	"text": {
		hub:  `{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"developer","content":[{"type":"text","text":"Be kind."}]},{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true},"n":1}`,
		want: `{"systemInstruction":{"parts":[{"text":"Be brief."},{"text":"Be kind."}]},"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}`,
	},
	"sampling": {
		hub: `{"messages":[{"role":"user","content":"Hi"}],"temperature":0.5,"top_p":0.9,"top_k":40,"max_completion_tokens":7,"max_tokens":9,"stop":"END","seed":3,"presence_penalty":0.1,"frequency_penalty":-0.2,"n":2,"logprobs":true,"top_logprobs":4,"user":"u-1","logit_bias":{"1":2},"parallel_tool_calls":true,"service_tier":"flex"}`,
		want: `{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"temperature":0.5,"topP":0.9,"topK":40,"seed":3,"candidateCount":2,"presencePenalty":0.1,"frequencyPenalty":-0.2,"logprobs":4,
			"responseLogprobs":true,"maxOutputTokens":7,"stopSequences":["END"]},"serviceTier":"flex"}`,
		receipts: []string{"user", "logit_bias"},
	},
	"media": {
		hub: `{"messages":[{"role":"user","content":[{"type":"text","text":"What?"},
			{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"high"}},
			{"type":"image_url","image_url":{"url":"https://e.example/a.webp?x=1"}},
			{"type":"image_url","image_url":{"url":"https://www.youtube.com/watch?v=1"}},
			{"type":"image_url","image_url":"gs://b/x"},
			{"type":"input_audio","input_audio":{"data":"BBBB","format":"mp3"}},
			{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,CCCC"}},
			{"type":"file","file":{"file_url":"https://e.example/b.csv"}},
			{"type":"file","file":{"file_id":"file-1"}},
			{"type":"video_url","video_url":{"url":"https://e.example/c"},"video_metadata":{"fps":2}},
			{"type":"odd"}]}]}`,
		want: `{"contents":[{"role":"user","parts":[{"text":"What?"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},
			{"fileData":{"mimeType":"image/webp","fileUri":"https://e.example/a.webp?x=1"}},{"fileData":{"fileUri":"https://www.youtube.com/watch?v=1"}},
			{"fileData":{"mimeType":"image/jpeg","fileUri":"gs://b/x"}},
			{"inlineData":{"mimeType":"audio/mp3","data":"BBBB"}},{"inlineData":{"mimeType":"application/pdf","data":"CCCC"}},
			{"fileData":{"mimeType":"text/csv","fileUri":"https://e.example/b.csv"}},
			{"fileData":{"mimeType":"video/mp4","fileUri":"https://e.example/c"},"videoMetadata":{"fps":2}}]}]}`,
		receipts: []string{"messages[0].content[1].image_url.detail", "messages[0].content[8].file.file_id", "messages[0].content[10]"},
	},
	"tools": {
		model: "gemini-2.5-flash",
		hub: `{"messages":[{"role":"user","content":"Weather?"}],"tools":[
			{"type":"function","function":{"name":"get_weather","description":"It.","strict":true,"parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}},
			{"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}}}},
			{"type":"function","function":{"name":"google_search"}},
			{"type":"web_search","web_search":{"name":"web_search_20250305","max_uses":3}},
			{"type":"googleMaps","googleMaps":{"enableWidget":true}},
			{"type":"custom","custom":{"name":"free"}}],
			"tool_choice":{"type":"function","function":{"name":"get_weather"}},"parallel_tool_calls":false}`,
		want: `{"contents":[{"role":"user","parts":[{"text":"Weather?"}]}],"tools":[{"googleSearch":{}},{"googleSearch":{}},{"googleMaps":{"enableWidget":true}},
			{"functionDeclarations":[{"name":"get_weather","description":"It.","parametersJsonSchema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}},{"name":"now"}]}],
			"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["get_weather"]}}}`,
		receipts: []string{"tools[0].function.strict", "tools[3].web_search.max_uses", "tools[5]", "parallel_tool_calls"},
	},
	"tools of an older model": {
		model: "gemini-2.0-flash",
		hub:   `{"messages":[{"role":"user","content":"?"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":["integer","null"],"minimum":1}},"additionalProperties":false}}}],"tool_choice":"required"}`,
		want: `{"contents":[{"role":"user","parts":[{"text":"?"}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"INTEGER","nullable":true,"minimum":1}}}}]}],
			"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}`,
	},
	"allowed tools": {
		hub: `{"messages":[{"role":"user","content":"?"}],"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}],
			"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}},{"type":"function","name":"g"}]}}}`,
		want: `{"contents":[{"role":"user","parts":[{"text":"?"}]}],"tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"}]}],
			"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["f","g"]}}}`,
	},
	"a choice without tools": {
		hub:      `{"messages":[{"role":"user","content":"?"}],"tool_choice":"required","web_search_options":{"search_context_size":"low"}}`,
		want:     `{"contents":[{"role":"user","parts":[{"text":"?"}]}],"tools":[{"googleSearch":{}}]}`,
		receipts: []string{"web_search_options.search_context_size", "tool_choice"},
	},
	"calls and results": {
		model: "gemini-2.5-flash",
		hub: `{"messages":[{"role":"user","content":"?"},
			{"role":"assistant","content":"Let me see.","tool_calls":[{"id":"call_a~c2ln","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"call_b","type":"function","function":{"name":"g","arguments":""}}]},
			{"role":"tool","tool_call_id":"call_a~c2ln","content":"{\"y\":2}"},{"role":"tool","tool_call_id":"call_b","content":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
			{"role":"user","content":"And?"},{"role":"tool","tool_call_id":"lost","content":"[1]","is_error":true}]}`,
		want: `{"contents":[{"role":"user","parts":[{"text":"?"}]},
			{"role":"model","parts":[{"text":"Let me see."},{"functionCall":{"id":"call_a","name":"f","args":{"x":1}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"call_b","name":"g","args":{}}}]},
			{"role":"user","parts":[{"functionResponse":{"id":"call_a","name":"f","response":{"y":2}}},{"functionResponse":{"id":"call_b","name":"g","response":{"output":"a\nb"}}},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},
			{"text":"And?"},{"functionResponse":{"id":"lost","name":"gateway-tool-filler-name","response":{"error":"[1]"}}}]}]}`,
		receipts: []string{"messages[5].tool_call_id"},
	},
	"calls of another model": {
		model: "gemini-3-pro-preview",
		hub:   `{"messages":[{"role":"user","content":"?"},{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"f","arguments":"{}"}}]},{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}","thought_signature":"c2ln"}}]}]}`,
		want: `{"contents":[{"role":"user","parts":[{"text":"?"}]},{"role":"model","parts":[
			{"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="},{"functionCall":{"id":"b","name":"f","args":{}}},{"functionCall":{"id":"c","name":"f","args":{}},"thoughtSignature":"c2ln"}]}]}`,
	},
	"thinking by level":       {model: "gemini-3-flash", hub: `{"messages":[],"reasoning_effort":"minimal"}`, want: `{"contents":[],"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingLevel":"MINIMAL"}}}`},
	"thinking by budget":      {model: "gemini-2.5-pro", hub: `{"messages":[],"reasoning_effort":"medium"}`, want: `{"contents":[],"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingBudget":8192}}}`},
	"thinking as Anthropic's": {model: "gemini-2.5-pro", hub: `{"messages":[],"thinking":{"type":"enabled","budget_tokens":2000}}`, want: `{"contents":[],"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingBudget":2000}}}`},
	"no thinking":             {model: "gemini-2.5-flash", hub: `{"messages":[],"reasoning_effort":"none"}`, want: `{"contents":[],"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}`},
	"no thinking where there must be": {
		model: "gemini-3-pro", hub: `{"messages":[],"thinking":{"type":"disabled"}}`,
		want: `{"contents":[],"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}`, receipts: []string{"reasoning_effort"},
	},
	"most effort": {
		model: "gemini-3-pro", hub: `{"messages":[],"reasoning_effort":"xhigh"}`,
		want: `{"contents":[],"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingLevel":"HIGH"}}}`, receipts: []string{"reasoning_effort"},
	},
	"JSON": {hub: `{"messages":[],"response_format":{"type":"json_object"}}`, want: `{"contents":[],"generationConfig":{"responseMimeType":"application/json"}}`},
	"JSON by schema": {
		model: "gemini-2.5-flash", hub: `{"messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"r","description":"A name.","strict":true,"schema":{"type":"object","properties":{"n":{"type":"string"}}}}}}`,
		want: `{"contents":[],"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"n":{"type":"string"}},"description":"A name."}}}`,
	},
	"JSON by schema of an older model": {
		model: "gemini-1.5-pro", hub: `{"messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{"type":"object","properties":{"n":{"const":"x"}}}}}}`,
		want: `{"contents":[],"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"n":{"type":"STRING","enum":["x"]}}}}}`,
	},
	"Gemini's own": {
		hub: `{"messages":[],"safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}],"cached_content":"cachedContents/1","tool_config":{"retrieval_config":{"languageCode":"de"}},
			"generation_config":{"enableEnhancedCivicAnswers":true},"modalities":["text","image"],"image_config":{"aspect_ratio":"1:1"},"media_resolution":"MEDIA_RESOLUTION_LOW","audio":{"voice":"Kore","format":"wav"}}`,
		want: `{"contents":[],"toolConfig":{"retrievalConfig":{"languageCode":"de"}},"generationConfig":{"mediaResolution":"MEDIA_RESOLUTION_LOW","imageConfig":{"aspectRatio":"1:1"},"responseModalities":["TEXT","IMAGE"],
			"speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}},"enableEnhancedCivicAnswers":true},
			"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}],"cachedContent":"cachedContents/1"}`,
		receipts: []string{"audio.format"},
	},
	"own blocks": {
		model: "gemini-2.5-flash",
		hub: `{"messages":[{"role":"assistant","content":"Hello","content_blocks":[{"type":"thinking","thinking":"Hm.","signature":"YQ=="},{"type":"text","text":"Hello"},{"type":"thinking","thinking":"","signature":"Yg=="},
			{"type":"redacted_thinking","data":"xyz"},{"type":"server_tool_use","id":"s","name":"web_search","input":{}},{"type":"gemini_part","part":{"executableCode":{"language":"PYTHON","code":"1"}}},
			{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}`,
		want:     `{"contents":[{"role":"model","parts":[{"text":"Hm.","thought":true,"thoughtSignature":"YQ=="},{"text":"Hello","thoughtSignature":"Yg=="},{"executableCode":{"language":"PYTHON","code":"1"}},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]}`,
		receipts: []string{"messages[0].content_blocks[3]", "messages[0].content_blocks[4]"},
	},
}

func TestRequestFromHub(t *testing.T) {
	for name, test := range fromHubCases {
		t.Run(name, func(t *testing.T) {
			c := conversion()
			c.Model = test.model
			got, err := New().RequestFromHub(c, []byte(test.hub))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "request", []byte(test.want), got)
			if diff := cmp.Diff(test.receipts, paths(c)); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequestFromHubRefuses(t *testing.T) {
	for param, hub := range map[string]string{
		"messages":                                       `{"messages":"Hi"}`,
		"messages[0].role":                               `{"messages":[{"role":"robot","content":"Hi"}]}`,
		"messages[0].content":                            `{"messages":[{"role":"user","content":7}]}`,
		"messages[0].content[0].text":                    `{"messages":[{"role":"user","content":[{"type":"text"}]}]}`,
		"messages[0].content[0]":                         `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:text/plain,hi"}}]}]}`,
		"messages[0].tool_calls[0].function.arguments":   `{"messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"[1]"}}]}]}`,
		"tools[0].function.name":                         `{"messages":[],"tools":[{"type":"function","function":{}}]}`,
		"tools[0].function.parameters":                   `{"messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":"no"}}]}`,
		"tools[0].function.parameters.properties.a.$ref": `{"model":"gemini-2.0-flash","messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"$ref":"#/$defs/none"}}}}}]}`,
		"tool_choice":                                    `{"messages":[],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"often"}`,
		"stop":                                           `{"messages":[],"stop":7}`,
		"response_format.type":                           `{"messages":[],"response_format":{"type":"xml"}}`,
		"response_format.json_schema.schema":             `{"messages":[],"response_format":{"type":"json_schema","json_schema":{"schema":[]}}}`,
		"reasoning_effort":                               `{"messages":[],"reasoning_effort":"heroic"}`,
	} {
		_, err := New().RequestFromHub(conversion(), []byte(hub))
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != param || !strings.HasPrefix(e.Message, param) {
			t.Errorf("%s: got %v", param, err)
		}
	}
}

func TestRequestToHub(t *testing.T) {
	const request = `{"system_instruction":{"parts":[{"text":"Be brief."},{"text":"Be kind."}]},
		"contents":[{"parts":[{"text":"Look:"},{"inline_data":{"mime_type":"image/png","data":"AA-_"}},{"inlineData":{"mimeType":"text/plain","data":"aGk="}},{"fileData":{"fileUri":"gs://b/a.pdf","mimeType":"application/pdf"}}]},
		{"role":"model","parts":[{"text":"Hm.","thought":true},{"text":"I call."},{"function_call":{"name":"f","args":{"x":1}},"thought_signature":"c2ln"},{"functionCall":{"name":"f","args":{"x":2}}}]},
		{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"one"}}},{"functionResponse":{"name":"f","response":{"error":"two"}}},{"text":"Go on."}]}],
		"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"x":{"type":"INTEGER","nullable":true,"format":"int32"}}}}]},{"googleSearch":{}}],
		"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
		"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}],
		"generationConfig":{"temperature":1,"topK":3,"maxOutputTokens":5,"stopSequences":["x"],"responseMimeType":"application/json","responseSchema":{"type":"STRING","maxLength":"7"},"thinkingConfig":{"thinkingBudget":2048}}}`
	for name, test := range map[string]struct {
		strict   bool
		want     string
		receipts []string
	}{
		"strict": {true, `{"model":"asked-for","messages":[{"role":"system","content":"Be brief.\n\nBe kind."},
			{"role":"user","content":[{"type":"text","text":"Look:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA+/"}},{"type":"text","text":"hi"}]},
			{"role":"assistant","content":"I call.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"call_2","type":"function","function":{"name":"f","arguments":"{\"x\":2}"}}]},
			{"role":"tool","tool_call_id":"call_1","content":"one"},{"role":"tool","tool_call_id":"call_2","content":"{\"error\":\"two\"}"},{"role":"user","content":"Go on."}],
			"stream":true,"stream_options":{"include_usage":true},"temperature":1,"max_completion_tokens":5,"stop":["x"],
			"response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"string","maxLength":7}}},"reasoning_effort":"medium",
			"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"type":["integer","null"],"format":"int32"}}}}}],"tool_choice":{"type":"function","function":{"name":"f"}}}`,
			[]string{"contents[0].parts[3]", "contents[1].parts[0]", "contents[1].parts[2].thoughtSignature", "generationConfig.topK", "tools[1].googleSearch", "safetySettings"}},
		"extended": {false, `{"model":"asked-for","messages":[{"role":"system","content":[{"type":"text","text":"Be brief."},{"type":"text","text":"Be kind."}]},
			{"role":"user","content":[{"type":"text","text":"Look:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA+/"}},{"type":"file","file":{"file_data":"data:text/plain;base64,aGk="}},{"type":"file","file":{"file_url":"gs://b/a.pdf","mime_type":"application/pdf"}}]},
			{"role":"assistant","content":"I call.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1}","thought_signature":"c2ln"}},{"id":"call_2","type":"function","function":{"name":"f","arguments":"{\"x\":2}"}}],
			"content_blocks":[{"type":"thinking","thinking":"Hm.","signature":""},{"type":"text","text":"I call."}]},
			{"role":"tool","tool_call_id":"call_1","name":"f","content":"one"},{"role":"tool","tool_call_id":"call_2","name":"f","content":"two","is_error":true},{"role":"user","content":"Go on."}],
			"stream":true,"stream_options":{"include_usage":true},"temperature":1,"top_k":3,"max_completion_tokens":5,"stop":["x"],
			"response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"string","maxLength":7}}},"thinking":{"type":"enabled","budget_tokens":2048},
			"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"type":["integer","null"],"format":"int32"}}}}},{"type":"googleSearch","googleSearch":{}}],"tool_choice":{"type":"function","function":{"name":"f"}},
			"safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := conversion()
			c.Strict, c.Stream = test.strict, true
			got, err := New().RequestToHub(c, []byte(request))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "request", []byte(test.want), got)
			if diff := cmp.Diff(test.receipts, paths(c)); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestToolConfigToHub(t *testing.T) {
	for config, want := range map[string]string{
		`{"mode":"AUTO"}`: `"auto"`, `{"mode":"any"}`: `"required"`, `{"mode":"NONE"}`: `"none"`, `{}`: ``, `{"mode":"VALIDATED"}`: `"auto"`,
		`{"mode":"ANY","allowed_function_names":["f"]}`:   `{"type":"function","function":{"name":"f"}}`,
		`{"mode":"ANY","allowedFunctionNames":["f","g"]}`: `{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]}}`,
	} {
		body := `{"contents":[],"tools":[{"functionDeclarations":[{"name":"f"}]}],"tool_config":{"function_calling_config":` + config + `}}`
		hub, err := New().RequestToHub(strict(), []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(get(hub, "tool_choice")); got != want {
			t.Errorf("%s: got %s, want %s", config, got, want)
		}
	}
}

func TestOtherOperations(t *testing.T) {
	for _, op := range []ai.Op{ai.Complete, ai.CountContents} {
		c := conversion()
		c.Op = op
		if _, err := New().RequestToHub(c, []byte(`{}`)); ai.AsError(err).Kind != ai.Unsupported {
			t.Errorf("%s to the hub: %v", op, err)
		}
		if _, err := New().RequestFromHub(c, []byte(`{}`)); ai.AsError(err).Kind != ai.Unsupported {
			t.Errorf("%s from the hub: %v", op, err)
		}
	}
}
