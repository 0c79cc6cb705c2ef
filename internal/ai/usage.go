package ai

// Usage is what a call consumed: tokens, and for what is not paid by the token
// the unit that it is paid by. Totals include their parts: InputTokens counts
// cache reads and writes, OutputTokens counts reasoning. The zero value means
// that nothing is known (Known false).
type Usage struct {
	Known     bool `json:"known,omitempty"`     // the provider (or an estimate) gave figures
	Estimated bool `json:"estimated,omitempty"` // the figures are not the provider's own

	InputTokens        int64 `json:"input_tokens,omitempty"`
	OutputTokens       int64 `json:"output_tokens,omitempty"`
	CacheReadTokens    int64 `json:"cache_read_tokens,omitempty"`     // part of InputTokens
	CacheWriteTokens   int64 `json:"cache_write_tokens,omitempty"`    // part of InputTokens; 5 min and 1 h together
	CacheWrite1hTokens int64 `json:"cache_write_1h_tokens,omitempty"` // part of CacheWriteTokens
	ReasoningTokens    int64 `json:"reasoning_tokens,omitempty"`      // part of OutputTokens
	InputAudioTokens   int64 `json:"input_audio_tokens,omitempty"`    // part of InputTokens
	OutputAudioTokens  int64 `json:"output_audio_tokens,omitempty"`   // part of OutputTokens
	InputImageTokens   int64 `json:"input_image_tokens,omitempty"`    // part of InputTokens
	OutputImageTokens  int64 `json:"output_image_tokens,omitempty"`   // part of OutputTokens
	WebSearches        int64 `json:"web_searches,omitempty"`          // calls of a provider-run search tool
	OtherTokens        int64 `json:"other_tokens,omitempty"`          // of other models that the provider asked; in no total

	Images      int64 `json:"images,omitempty"`       // pictures made
	AudioMillis int64 `json:"audio_ms,omitempty"`     // milliseconds of sound transcribed or translated
	Characters  int64 `json:"characters,omitempty"`   // Unicode code points of text turned into speech
	SearchUnits int64 `json:"search_units,omitempty"` // units of reranking, as the provider counts them
	Pages       int64 `json:"pages,omitempty"`        // pages of a document read

	// ImageQuality and ImageSize are those of Images as the provider or the
	// request names them ("hd", "1024x1024"), "" for the model's default.
	ImageQuality string `json:"image_quality,omitempty"`
	ImageSize    string `json:"image_size,omitempty"`
	// SearchContext is how much context a search model fetched: "low", "medium"
	// or "high"; "" if the provider did not say.
	SearchContext string `json:"search_context,omitempty"`

	// ServiceTier is the tier the provider says it used ("default", "flex",
	// "priority", "batch", …), "" if it did not say.
	ServiceTier string `json:"service_tier,omitempty"`
}

// Plus adds up the figures of two calls.
func (u Usage) Plus(v Usage) Usage {
	u.Known, u.Estimated = u.Known || v.Known, u.Estimated || v.Estimated
	u.InputTokens += v.InputTokens
	u.OutputTokens += v.OutputTokens
	u.CacheReadTokens += v.CacheReadTokens
	u.CacheWriteTokens += v.CacheWriteTokens
	u.CacheWrite1hTokens += v.CacheWrite1hTokens
	u.ReasoningTokens += v.ReasoningTokens
	u.InputAudioTokens += v.InputAudioTokens
	u.OutputAudioTokens += v.OutputAudioTokens
	u.InputImageTokens += v.InputImageTokens
	u.OutputImageTokens += v.OutputImageTokens
	u.WebSearches += v.WebSearches
	u.OtherTokens += v.OtherTokens
	u.Images += v.Images
	u.AudioMillis += v.AudioMillis
	u.Characters += v.Characters
	u.SearchUnits += v.SearchUnits
	u.Pages += v.Pages
	if v.ServiceTier != "" {
		u.ServiceTier = v.ServiceTier
	}
	return u
}

// TotalTokens is input plus output.
func (u Usage) TotalTokens() int64 { return u.InputTokens + u.OutputTokens }
