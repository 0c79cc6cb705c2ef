package clients

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

func anthropicSDK(t *testing.T, provider, trace string) anthropic.Client {
	return anthropic.NewClient(
		option.WithAPIKey(workspaceKey), option.WithBaseURL(origin), option.WithMaxRetries(0),
		option.WithHeader("x-portkey-virtual-key", virtualKey(t, provider)), option.WithHeader("x-portkey-trace-id", trace),
	)
}

func message(provider string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: anthropic.Model(models[provider]), MaxTokens: 256,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("Hello"))},
	}
}

func messageWithTool(provider string) anthropic.MessageNewParams {
	params := message(provider)
	params.Tools = []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{
		Name: "get_weather", InputSchema: anthropic.ToolInputSchemaParam{Properties: schema["properties"], Required: []string{"city"}},
	}}}
	return params
}

// readMessage tells what the SDK made of a message.
func readMessage(m anthropic.Message) content {
	got := content{Model: string(m.Model), Input: m.Usage.InputTokens, Output: m.Usage.OutputTokens}
	for _, block := range m.Content {
		switch block := block.AsAny().(type) {
		case anthropic.TextBlock:
			got.Text += block.Text
		case anthropic.ToolUseBlock:
			got.Calls = append(got.Calls, newCall(block.ID, block.Name, string(block.Input)))
		}
	}
	return got
}

// foldMessage reads a stream with the SDK's accumulator.
func foldMessage(t *testing.T, provider string, params anthropic.MessageNewParams) (anthropic.Message, error) {
	client := anthropicSDK(t, provider, newTrace())
	stream := client.Messages.NewStreaming(t.Context(), params)
	defer stream.Close()
	var whole anthropic.Message
	for stream.Next() {
		must(t, whole.Accumulate(stream.Current()))
	}
	return whole, stream.Err()
}

func TestAnthropicMessage(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		want, trace := replay(t, provider, "chat").holds(t, provider), newTrace()
		client := anthropicSDK(t, provider, trace)
		reply, err := client.Messages.New(t.Context(), message(provider))
		must(t, err)
		check(t, readMessage(*reply), want)
		checkLog(t, trace, provider, want)
	})
}

func TestAnthropicStream(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		want := replay(t, provider, "stream").holds(t, provider)
		got, err := foldMessage(t, provider, message(provider))
		must(t, err)
		check(t, readMessage(got), want)
	})
}

func TestAnthropicTools(t *testing.T) {
	for _, use := range []string{"tool", "parallel"} {
		t.Run(use, func(t *testing.T) {
			both(t, func(t *testing.T, provider string) {
				want := replay(t, provider, use).holds(t, provider)
				client := anthropicSDK(t, provider, newTrace())
				reply, err := client.Messages.New(t.Context(), messageWithTool(provider))
				must(t, err)
				check(t, readMessage(*reply), want)
				if reply.StopReason != anthropic.StopReasonToolUse {
					t.Errorf("stop reason %s", reply.StopReason)
				}
			})
		})
		t.Run(use+" in a stream", func(t *testing.T) {
			both(t, func(t *testing.T, provider string) {
				want := replay(t, provider, use+"-stream").holds(t, provider)
				got, err := foldMessage(t, provider, messageWithTool(provider))
				must(t, err)
				if calls := readMessage(got).Calls; !slices.Equal(calls, want.Calls) {
					t.Errorf("got %+v\nwant %+v", calls, want.Calls)
				}
			})
		})
	}
}

func TestAnthropicCountTokens(t *testing.T) {
	reset(t)
	recorded := replay(t, "anthropic", "count-tokens")
	client := anthropicSDK(t, "anthropic", newTrace())
	params := message("anthropic")
	reply, err := client.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{Model: params.Model, Messages: params.Messages})
	must(t, err)
	var want struct {
		Tokens int64 `json:"input_tokens"`
	}
	must(t, json.Unmarshal(recorded.Body, &want))
	if reply.InputTokens != want.Tokens {
		t.Errorf("got %d, want %d", reply.InputTokens, want.Tokens)
	}
}

func TestAnthropicErrors(t *testing.T) {
	types := map[string]anthropic.ErrorType{
		"invalid-key": anthropic.ErrorTypeAuthenticationError, "unknown-model": anthropic.ErrorTypeNotFoundError, "bad-request": anthropic.ErrorTypeInvalidRequestError,
	}
	for use, want := range types {
		t.Run(use, func(t *testing.T) {
			both(t, func(t *testing.T, provider string) {
				recorded := replay(t, provider, use)
				client := anthropicSDK(t, provider, newTrace())
				_, err := client.Messages.New(t.Context(), message(provider))
				failure, typed := errors.AsType[*anthropic.Error](err)
				if !typed || failure.StatusCode != recorded.Status || failure.Type() != want || !strings.Contains(failure.Error(), recorded.failure(t)) {
					t.Errorf("got %v, want %d %s with %q", err, recorded.Status, want, recorded.failure(t))
				}
			})
		})
	}
}

func TestAnthropicBrokenStream(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		recorded := load(t, provider, "stream")
		script(t, provider, map[string]any{"case": recorded.Case, "cut_at": len(strings.Join(recorded.Chunks, "")) / 2})
		if got, err := foldMessage(t, provider, message(provider)); err == nil {
			t.Errorf("half a stream was taken for a reply: %+v", got)
		}
	})
}
