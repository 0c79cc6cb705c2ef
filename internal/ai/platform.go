package ai

import "net/http"

// A Route is where OpenAI's API has an operation.
type Route struct {
	Op     Op
	Method string
	Path   string // below /v1; {id} is one segment
}

// Platform are the operations of OpenAI's platform beside its models. Source:
// OpenAI's API description.
var Platform = []Route{
	{ImageGenerate, http.MethodPost, "/images/generations"},
	{ImageEdit, http.MethodPost, "/images/edits"},
	{ImageVary, http.MethodPost, "/images/variations"},
	{Speech, http.MethodPost, "/audio/speech"},
	{Transcribe, http.MethodPost, "/audio/transcriptions"},
	{Translate, http.MethodPost, "/audio/translations"},
	{Moderate, http.MethodPost, "/moderations"},

	{UploadFile, http.MethodPost, "/files"},
	{ListFiles, http.MethodGet, "/files"},
	{GetFile, http.MethodGet, "/files/{id}"},
	{DeleteFile, http.MethodDelete, "/files/{id}"},
	{GetFileContent, http.MethodGet, "/files/{id}/content"},

	{CreateBatch, http.MethodPost, "/batches"},
	{ListBatches, http.MethodGet, "/batches"},
	{GetBatch, http.MethodGet, "/batches/{id}"},
	{CancelBatch, http.MethodPost, "/batches/{id}/cancel"},

	{CreateFinetune, http.MethodPost, "/fine_tuning/jobs"},
	{ListFinetunes, http.MethodGet, "/fine_tuning/jobs"},
	{GetFinetune, http.MethodGet, "/fine_tuning/jobs/{id}"},
	{CancelFinetune, http.MethodPost, "/fine_tuning/jobs/{id}/cancel"},
	{ListFinetuneEvents, http.MethodGet, "/fine_tuning/jobs/{id}/events"},
	{ListFinetuneCheckpoints, http.MethodGet, "/fine_tuning/jobs/{id}/checkpoints"},

	{Realtime, http.MethodGet, "/realtime"},
}

// ResponseRoutes are the operations of the Responses API beside making one.
var ResponseRoutes = []Route{
	{GetResponse, http.MethodGet, "/responses/{id}"},
	{DeleteResponse, http.MethodDelete, "/responses/{id}"},
	{CancelResponse, http.MethodPost, "/responses/{id}/cancel"},
	{ListResponseItems, http.MethodGet, "/responses/{id}/input_items"},
	{CountResponseTokens, http.MethodPost, "/responses/input_tokens"},
	{CompactResponse, http.MethodPost, "/responses/compact"},
}

// ConversationRoutes are the operations on what the Responses API remembers.
var ConversationRoutes = []Route{
	{CreateConversation, http.MethodPost, "/conversations"},
	{GetConversation, http.MethodGet, "/conversations/{id}"},
	{UpdateConversation, http.MethodPost, "/conversations/{id}"},
	{DeleteConversation, http.MethodDelete, "/conversations/{id}"},
	{AddConversationItems, http.MethodPost, "/conversations/{id}/items"},
	{ListConversationItems, http.MethodGet, "/conversations/{id}/items"},
	{GetConversationItem, http.MethodGet, "/conversations/{id}/items/{item}"},
	{DeleteConversationItem, http.MethodDelete, "/conversations/{id}/items/{item}"},
}
