package main

import (
	"fmt"
	"os"
	"strconv"
)

func size(n int) int {
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	return n
}

func iterations(cx, cy float64, limit int) int {
	x, y := 0.0, 0.0
	n := 0
	for n < limit && x*x+y*y <= 4.0 {
		x, y = x*x-y*y+cx, 2.0*x*y+cy
		n++
	}
	return n
}

func main() {
	size := size(1200)
	inside, total := 0, 0
	for row := 0; row < size; row++ {
		for column := 0; column < size; column++ {
			n := iterations(3.0*float64(column)/float64(size)-2.25, 3.0*float64(row)/float64(size)-1.5, 200)
			total += n
			if n == 200 {
				inside++
			}
		}
	}
	fmt.Println(inside, total)
}
