package main

import (
	"fmt"
	"os"
	"strconv"
)

var columns, rising, falling []bool

func place(row, n int) int {
	if row == n {
		return 1
	}
	count := 0
	for c := 0; c < n; c++ {
		if !columns[c] && !rising[row+c] && !falling[row-c+n] {
			columns[c], rising[row+c], falling[row-c+n] = true, true, true
			count += place(row+1, n)
			columns[c], rising[row+c], falling[row-c+n] = false, false, false
		}
	}
	return count
}

func main() {
	n := 13
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	columns, rising, falling = make([]bool, n), make([]bool, 2*n), make([]bool, 2*n+1)
	fmt.Println(place(0, n))
}
