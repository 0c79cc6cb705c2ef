package providertest

import (
	"errors"

	"github.com/portico-ai/portico/internal/ai"
)

type predictReply struct {
	Predictions []struct {
		Embeddings *struct {
			Values     []float64
			Statistics struct {
				Tokens *int64 `json:"token_count"`
			}
		}
		Text  []float64 `json:"textEmbedding"`
		Image []float64 `json:"imageEmbedding"`
		Bytes string    `json:"bytesBase64Encoded"`
		URI   string    `json:"gcsUri"`
	}
}

func readPredict(body []byte) (s said, err error) {
	var r predictReply
	if err := decode(string(body), &r); err != nil {
		return s, err
	}
	for _, p := range r.Predictions {
		switch {
		case p.Bytes != "" || p.URI != "":
			s.Images++
		case p.Embeddings != nil || p.Text != nil || p.Image != nil:
			s.Vectors++
		}
		if p.Embeddings != nil && p.Embeddings.Statistics.Tokens != nil {
			s.Usage = ai.Usage{Known: true, InputTokens: s.Usage.InputTokens + *p.Embeddings.Statistics.Tokens}
		}
	}
	return s, nil
}

func readPredictStream([]string) (said, error) { return said{}, errors.New("predict has no streams") }
