package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

var schema = map[string]any{
	"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"},
}

func openAI(t *testing.T, provider, trace string) openai.Client {
	return openai.NewClient(
		option.WithAPIKey(workspaceKey), option.WithBaseURL(origin+"/v1"), option.WithMaxRetries(0),
		option.WithHeader("x-portkey-virtual-key", virtualKey(t, provider)), option.WithHeader("x-portkey-trace-id", trace),
	)
}

func chat(provider string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: models[provider], Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Hello")}}
}

func withTool(provider string) openai.ChatCompletionNewParams {
	params := chat(provider)
	params.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: "get_weather", Parameters: schema})}
	return params
}

// read tells what the SDK made of a chat.
func read(c openai.ChatCompletion) content {
	message := c.Choices[0].Message
	got := content{Text: message.Content, Model: c.Model, Input: c.Usage.PromptTokens, Output: c.Usage.CompletionTokens}
	for _, call := range message.ToolCalls {
		got.Calls = append(got.Calls, newCall(call.ID, call.Function.Name, call.Function.Arguments))
	}
	return got
}

func check(t *testing.T, got, want content) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestOpenAIChat(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		want, trace := replay(t, provider, "chat").holds(t, provider), newTrace()
		client := openAI(t, provider, trace)
		reply, err := client.Chat.Completions.New(t.Context(), chat(provider))
		must(t, err)
		check(t, read(*reply), want)
		checkLog(t, trace, provider, want)
	})
}

// fold reads a stream with the SDK's accumulator.
func fold(t *testing.T, provider string, params openai.ChatCompletionNewParams) (openai.ChatCompletion, error) {
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	client := openAI(t, provider, newTrace())
	stream := client.Chat.Completions.NewStreaming(t.Context(), params)
	defer stream.Close()
	var whole openai.ChatCompletionAccumulator
	for stream.Next() {
		if !whole.AddChunk(stream.Current()) {
			t.Errorf("the SDK cannot add %s", stream.Current().RawJSON())
		}
	}
	return whole.ChatCompletion, stream.Err()
}

func TestOpenAIStream(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		want := replay(t, provider, "stream").holds(t, provider)
		got, err := fold(t, provider, chat(provider))
		must(t, err)
		check(t, read(got), want)
	})
}

func TestOpenAITools(t *testing.T) {
	for _, use := range []string{"tool", "parallel"} {
		t.Run(use, func(t *testing.T) {
			both(t, func(t *testing.T, provider string) {
				want := replay(t, provider, use).holds(t, provider)
				client := openAI(t, provider, newTrace())
				reply, err := client.Chat.Completions.New(t.Context(), withTool(provider))
				must(t, err)
				check(t, read(*reply), want)
				if sent := requests(t, provider)[0].Body; !strings.Contains(sent, `"get_weather"`) {
					t.Errorf("the tool was not sent: %s", sent)
				}
			})
		})
		t.Run(use+" in a stream", func(t *testing.T) {
			both(t, func(t *testing.T, provider string) {
				want := replay(t, provider, use+"-stream").holds(t, provider)
				got, err := fold(t, provider, withTool(provider))
				must(t, err)
				if calls := read(got).Calls; !slices.Equal(calls, want.Calls) {
					t.Errorf("got %+v\nwant %+v", calls, want.Calls)
				}
			})
		})
	}
}

func TestOpenAIStructuredOutput(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		want := replay(t, provider, "structured").holds(t, provider)
		params := chat(provider)
		params.ResponseFormat.OfJSONSchema = &openai.ResponseFormatJSONSchemaParam{
			JSONSchema: openai.ResponseFormatJSONSchemaJSONSchemaParam{Name: "shape", Strict: openai.Bool(true), Schema: schema},
		}
		client := openAI(t, provider, newTrace())
		reply, err := client.Chat.Completions.New(t.Context(), params)
		must(t, err)
		check(t, read(*reply), want)
		if sent := requests(t, provider)[0].Body; !strings.Contains(sent, `"json_schema"`) || !strings.Contains(sent, `"city"`) {
			t.Errorf("the schema was not sent: %s", sent)
		}
	})
}

func TestOpenAIEmbeddings(t *testing.T) {
	reset(t)
	recorded := replay(t, "openai", "embedding")
	client := openAI(t, "openai", newTrace())
	reply, err := client.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
		Model: openai.EmbeddingModelTextEmbedding3Small, Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("Hello")},
	})
	must(t, err)
	var want struct {
		Data []struct{ Embedding []float64 }
	}
	must(t, json.Unmarshal(recorded.Body, &want))
	if !slices.Equal(reply.Data[0].Embedding, want.Data[0].Embedding) {
		t.Errorf("got %v", reply.Data[0].Embedding)
	}
}

func ask(provider string) responses.ResponseNewParams {
	return responses.ResponseNewParams{Model: models[provider], Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("Hello")}}
}

func TestOpenAIResponses(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		recorded := replay(t, provider, map[string]string{"openai": "response", "anthropic": "chat"}[provider])
		client := openAI(t, provider, newTrace())
		reply, err := client.Responses.New(t.Context(), ask(provider))
		must(t, err)
		var want string
		if provider == "anthropic" {
			want = recorded.holds(t, provider).Text
		} else {
			var body responses.Response
			must(t, json.Unmarshal(recorded.Body, &body))
			want = body.OutputText()
		}
		if got := reply.OutputText(); got != want || got == "" {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestOpenAIResponsesStream(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		recorded := replay(t, provider, map[string]string{"openai": "response-stream", "anthropic": "stream"}[provider])
		client := openAI(t, provider, newTrace())
		stream := client.Responses.NewStreaming(t.Context(), ask(provider))
		defer stream.Close()
		var text, final string
		var raw []json.RawMessage
		for stream.Next() {
			event := stream.Current()
			raw = append(raw, json.RawMessage(event.RawJSON()))
			switch event.Type {
			case "response.output_text.delta":
				text += event.Delta
			case "response.completed":
				final = event.Response.OutputText()
			}
		}
		must(t, stream.Err())
		if text == "" || final != text {
			t.Errorf("the deltas say %q, the end says %q", text, final)
		}
		if provider == "openai" && fmt.Sprintf("%s", raw) != fmt.Sprintf("%s", recorded.Events) {
			t.Errorf("got %s\nwant %s", raw, recorded.Events)
		}
		if provider == "anthropic" && text != recorded.holds(t, provider).Text {
			t.Errorf("got %q, want %q", text, recorded.holds(t, provider).Text)
		}
	})
}

func TestOpenAIErrors(t *testing.T) {
	for _, use := range []string{"invalid-key", "unknown-model", "bad-request"} {
		t.Run(use, func(t *testing.T) {
			both(t, func(t *testing.T, provider string) {
				recorded := replay(t, provider, use)
				client := openAI(t, provider, newTrace())
				_, err := client.Chat.Completions.New(t.Context(), chat(provider))
				failure, typed := errors.AsType[*openai.Error](err)
				if !typed || failure.StatusCode != recorded.Status || !strings.Contains(failure.Message, recorded.failure(t)) || failure.Type == "" {
					t.Errorf("got %#v, want %d with %q", err, recorded.Status, recorded.failure(t))
				}
			})
		})
	}
}

func TestOpenAIBrokenStream(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		recorded := load(t, provider, "stream")
		script(t, provider, map[string]any{"case": recorded.Case, "cut_at": len(strings.Join(recorded.Chunks, "")) / 2})
		if got, err := fold(t, provider, chat(provider)); err == nil {
			t.Errorf("half a stream was taken for a reply: %+v", got)
		}
	})
}
