// Package mock is the built-in scripted provider: an http.Handler that speaks
// OpenAI's chat completions, completions, embeddings and models, and Anthropic's
// messages, without a model behind it. The demo uses it in the process; the
// command "portico mock" serves it on a port.
//
// Replies are a function of the request: the same body always gets the same
// bytes. A token is four bytes of text, rounded up; every message costs four
// more. So usage is plausible and can be checked by hand.
//
// Failures and delays come from three places, the first found winning: the
// request header x-portico-mock, the model name after a colon
// ("mock-gpt:status=503"), and the rules of a script. All are written as the
// same directives, see ParseDirectives.
package mock
