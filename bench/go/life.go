package main

import (
	"fmt"
	"os"
	"strconv"
)

func step(grid [][]int) [][]int {
	n := len(grid)
	next := make([][]int, n)
	for r := range grid {
		above, here, below := grid[(r+n-1)%n], grid[r], grid[(r+1)%n]
		row := make([]int, n)
		for c := range row {
			left, right := (c+n-1)%n, (c+1)%n
			around := above[left] + above[c] + above[right] + here[left] + here[right] + below[left] + below[c] + below[right]
			if around == 3 || (around == 2 && here[c] == 1) {
				row[c] = 1
			}
		}
		next[r] = row
	}
	return next
}

func main() {
	n := 400
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	grid, seed := make([][]int, n), 1234
	for r := range grid {
		grid[r] = make([]int, n)
		for c := range grid[r] {
			seed = seed * 16807 % 2147483647
			if seed%3 == 0 {
				grid[r][c] = 1
			}
		}
	}
	for generation := 0; generation < 100; generation++ {
		grid = step(grid)
	}
	alive, check := 0, 0
	for r, row := range grid {
		for c, cell := range row {
			alive += cell
			check = (check*3 + cell*(r+c)) % 1000003
		}
	}
	fmt.Println(alive, check)
}
