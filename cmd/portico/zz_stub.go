package main

import "github.com/spf13/cobra"

func keysCommand() *cobra.Command { return &cobra.Command{Use: "keys"} }
