package control

import "testing"

func TestKeyChecksum(t *testing.T) {
	value := newKeyValue()
	body, sum := value[:len(value)-keySumLen], value[len(value)-keySumLen:]
	if got := keyChecksum(body); got != sum {
		t.Errorf("checksum of %s is %s, want %s", body, got, sum)
	}
	if keyChecksum(body[:len(body)-1]+"!") == sum {
		t.Error("another body has the same checksum")
	}
	if newKeyValue() == value {
		t.Error("the same value twice")
	}
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{"plan-llm": "plain-llm", "clowd": "cloud-llm", "cloud-llm": "cloud-llm"} {
		if got := nearest(word, []string{"plain-llm", "cloud-llm"}); got != want {
			t.Errorf("nearest(%s) = %s, want %s", word, got, want)
		}
	}
}

func TestSnakeCase(t *testing.T) {
	for in, want := range map[string]string{"apiKey": "api_key", "x-api-key": "x_api_key", "awsAccessKeyId": "aws_access_key_id", "isDefault": "is_default", "api_key": "api_key", "ID": "id"} {
		if got := SnakeCase(in); got != want {
			t.Errorf("SnakeCase(%s) = %s, want %s", in, got, want)
		}
	}
}
