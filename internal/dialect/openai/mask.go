package openai

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"strings"
)

// maxMask is how many pixels a mask may have to be redrawn.
const maxMask = 4096 * 4096

// Redrawn is a mask in black and white, as most providers take one. OpenAI's is
// transparent where the picture is to be changed; this one is white there, or
// black with white around it. A mask that is nowhere transparent is taken to be in
// the provider's way already, as is one that is no PNG or only an address.
func (p Picture) Redrawn(changed uint8) (Picture, error) {
	if p.Data == "" {
		return p, nil
	}
	content, err := base64.StdEncoding.DecodeString(p.Data)
	if err != nil {
		return p, BadPicture("mask", "is not valid base64")
	}
	size, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return p, nil
	}
	if size.Width > maxMask/max(size.Height, 1) {
		return p, BadPicture("mask", "must not have more than 4096 × 4096 pixels for this provider")
	}
	mask, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		return p, BadPicture("mask", "is not a whole PNG")
	}
	if o, ok := mask.(interface{ Opaque() bool }); ok && o.Opaque() {
		return p, nil
	}
	var out strings.Builder
	encoder := base64.NewEncoder(base64.StdEncoding, &out)
	if err := png.Encode(encoder, blackAndWhite(mask, changed)); err != nil {
		return p, err
	}
	if err := encoder.Close(); err != nil {
		return p, err
	}
	return Picture{Type: "image/png", Data: out.String()}, nil
}

// What a mask's pixels are where the picture is to be changed.
const (
	White uint8 = 255
	Black uint8 = 0
)

func blackAndWhite(mask image.Image, changed uint8) *image.Gray {
	bounds := mask.Bounds()
	out := image.NewGray(bounds)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			shade := changed
			if _, _, _, alpha := mask.At(x, y).RGBA(); alpha >= 0x8000 {
				shade = ^changed
			}
			out.SetGray(x, y, color.Gray{Y: shade})
		}
	}
	return out
}
