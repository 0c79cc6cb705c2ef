package control

import "context"

// OpenForTest returns the current body of a config as it is used, unmasked.
func (s *Service) OpenForTest(ctx context.Context, c Config) ([]byte, error) {
	v, err := s.store.FindConfigVersion(ctx, c.tenant(), c.VersionID)
	if err != nil {
		return nil, err
	}
	return s.openVersion(v)
}
