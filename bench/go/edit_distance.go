package main

import (
	"fmt"
	"os"
	"strconv"
)

func makeText(n, seed int) string {
	letters := make([]byte, n)
	for i := range letters {
		seed = seed * 16807 % 2147483647
		letters[i] = byte(97 + seed%6)
	}
	return string(letters)
}

func least(a, b, c int) int {
	if b < a {
		a = b
	}
	if c < a {
		a = c
	}
	return a
}

func editDistance(a, b string) int {
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 0; i < len(a); i++ {
		row := make([]int, 1, len(b)+1)
		row[0] = i + 1
		for j := 0; j < len(b); j++ {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row = append(row, least(previous[j+1]+1, row[j]+1, previous[j]+cost))
		}
		previous = row
	}
	return previous[len(b)]
}

func commonLength(a, b string) int {
	n, m := len(a), len(b)
	table := make([][]int, n+1)
	for i := range table {
		table[i] = make([]int, m+1)
	}
	for i := 1; i <= n; i++ {
		for j := 1; j <= m; j++ {
			if a[i-1] == b[j-1] {
				table[i][j] = table[i-1][j-1] + 1
			} else if table[i-1][j] >= table[i][j-1] {
				table[i][j] = table[i-1][j]
			} else {
				table[i][j] = table[i][j-1]
			}
		}
	}
	return table[n][m]
}

func main() {
	n := 3000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	a, b := makeText(n, 17), makeText(n-n/10, 4711)
	fmt.Println(editDistance(a, b), commonLength(a, b))
}
