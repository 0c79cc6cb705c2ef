// Package media has the providers whose pictures, speech and transcripts have
// formats of their own and addresses that need code, or nothing else beside them.
// What the formats are and where they are documented stands in dialect/media.
package media

import (
	"github.com/portico-ai/portico/internal/ai"
	format "github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/sign"
)

// Rows lists the providers.
func Rows() []*provider.Provider {
	draws := func(d ai.Dialect, path string, more ...ai.Op) map[ai.Op]provider.Endpoint {
		ops := map[ai.Op]provider.Endpoint{ai.ImageGenerate: {Dialect: d, Path: path}}
		for _, op := range more {
			ops[op] = ops[ai.ImageGenerate]
		}
		return ops
	}
	return []*provider.Provider{
		{
			ID: "stability-ai", Name: "Stability AI", Docs: "https://platform.stability.ai/docs/api-reference",
			Base: "https://api.stability.ai", Ops: map[ai.Op]provider.Endpoint{
				ai.ImageGenerate: {Dialect: format.Stability, Path: "/v2beta/stable-image/generate/{model}"},
				ai.ImageEdit:     {Dialect: format.Stability, Path: "/v2beta/stable-image/edit/{model}"},
			},
			Adapter:  only{ai.ImageGenerate: stability, ai.ImageEdit: stabilityEdit},
			Unproven: true,
			Notes: []string{
				"Engines of the v1 API, such as stable-diffusion-xl-1024-v1-0, are called at /v1/generation/{engine}/text-to-image, and at image-to-image (/masking with a mask) to edit.",
				"To edit, model is what is to be done: inpaint, erase, outpaint, search-and-replace, search-and-recolor or remove-background; sketch, structure or style (/control); fast or conservative (/upscale). sd3 models and ultra start from the picture, by strength.",
				"Edits that take several round trips (creative upscaling, replace-background-and-relight) are not offered.",
			},
			Fields: []provider.Field{
				{Name: "stability_client_id", Header: "stability-client-id", Label: "Client id", Send: "Stability-Client-Id",
					Help: "Name of the application, for Stability AI's help with problems"},
				{Name: "stability_client_user_id", Header: "stability-client-user-id", Label: "Client user id", Send: "Stability-Client-User-Id",
					Help: "Id of the application's user"},
				{Name: "stability_client_version", Header: "stability-client-version", Label: "Client version", Send: "Stability-Client-Version",
					Help: "Version of the application"},
			},
		},
		{
			ID: "segmind", Name: "Segmind", Docs: "https://docs.segmind.com",
			Base: "https://api.segmind.com/v1", Sign: sign.Header("X-Api-Key"), Unproven: true, Ops: draws(format.Segmind, "/{model...}", ai.ImageEdit),
		},
		{
			ID: "recraft-ai", Name: "Recraft", Docs: "https://www.recraft.ai/docs/api-reference/endpoints",
			Base: "https://external.api.recraft.ai/v1",
			Ops: map[ai.Op]provider.Endpoint{
				ai.ImageGenerate: {Dialect: format.Recraft, Path: "/images/generations"},
				ai.ImageEdit:     {Dialect: format.Recraft, Path: "/images/imageToImage"},
				ai.ImageVary:     {Dialect: format.Recraft, Path: "/images/variateImage"},
			},
			Adapter: only{ai.ImageEdit: recraftEdit},
			Notes: []string{
				"An edit with a mask is sent to /images/inpaint; one without has a strength, 0.5 unless the request says otherwise.",
			},
		},
		{
			ID: "fal-ai", Name: "fal", Docs: "https://fal.ai/docs/model-api-reference",
			Base: "https://fal.run", Sign: sign.Scheme("Key"), Ops: draws(format.Fal, "/{model...}", ai.ImageEdit, ai.ImageVary),
		},
		{
			ID: "replicate", Name: "Replicate", Docs: "https://replicate.com/docs/reference/http",
			Base: "https://api.replicate.com/v1", Ops: draws(format.Replicate, "/models/{model...}/predictions", ai.ImageEdit, ai.ImageVary),
			Adapter: polling{only{ai.ImageGenerate: replicate, ai.ImageEdit: replicate, ai.ImageVary: replicate}, replicateJob},
			Notes: []string{
				"owner/name is an official model; owner/name:version is any other, and is sent to /predictions.",
				"A prediction that is not ready after a minute is asked after until it is or the request's timeout is over, and cancelled if the client leaves.",
			},
		},
		{
			ID: "black-forest-labs", Name: "Black Forest Labs", Docs: "https://docs.bfl.ai/api-reference",
			Base: "https://api.bfl.ai/v1", Sign: sign.Header("X-Key"), Unproven: true,
			Ops:     draws(format.Flux, "/{model...}", ai.ImageEdit),
			Adapter: polling{job: fluxJob},
			Notes: []string{
				"Portkey has no provider of this name; the id is Portico's own.",
				"A picture is a task, whose result is asked after at the address that the answer names, until it is there or the request's timeout is over. The key is sent to hosts of bfl.ai alone, or to the host that was called.",
				"Pictures come as addresses, which Black Forest Labs keeps for ten minutes.",
			},
		},
		{
			ID: "deepgram", Name: "Deepgram", Docs: "https://developers.deepgram.com/reference",
			Base: "https://api.deepgram.com/v1", Sign: sign.Scheme("Token"),
			Ops: map[ai.Op]provider.Endpoint{
				ai.Transcribe: {Dialect: format.Deepgram, Path: "/listen"},
				ai.Speech:     {Dialect: format.Deepgram, Path: "/speak"},
			},
			Adapter: only{ai.Transcribe: deepgramListen, ai.Speech: deepgramSpeak},
		},
		{
			ID: "elevenlabs", Name: "ElevenLabs", Docs: "https://elevenlabs.io/docs/api-reference",
			Base: "https://api.elevenlabs.io/v1", Sign: sign.Header("Xi-Api-Key"),
			Ops: map[ai.Op]provider.Endpoint{
				ai.Transcribe: {Dialect: format.ElevenLabs, Path: "/speech-to-text"},
				ai.Speech:     {Dialect: format.ElevenLabs, Path: "/text-to-speech/{voice}"},
			},
			Adapter: only{ai.Speech: elevenSpeak},
			Notes: []string{
				"Portkey has no provider of this name; the id is Portico's own.",
				"voice is the id of a voice and stands in the path.",
			},
		},
	}
}
