package main

import (
	"fmt"
	"os"
	"strconv"
)

var cells [81]int
var rows, cols, boxes [9]uint
var steps int

func put(i, digit int) {
	r, c := i/9, i%9
	bit := uint(1) << digit
	cells[i] = digit
	rows[r] |= bit
	cols[c] |= bit
	boxes[r/3*3+c/3] |= bit
}

func takeBack(i int) {
	r, c := i/9, i%9
	bit := uint(1) << cells[i]
	cells[i] = 0
	rows[r] -= bit
	cols[c] -= bit
	boxes[r/3*3+c/3] -= bit
}

func bits(x uint) int {
	n := 0
	for ; x != 0; x &= x - 1 {
		n++
	}
	return n
}

func solve() bool {
	steps++
	best, fewest, free := -1, 10, uint(0)
	for i, cell := range cells {
		if cell == 0 {
			r, c := i/9, i%9
			used := rows[r] | cols[c] | boxes[r/3*3+c/3]
			n := 9 - bits(used)
			if n < fewest {
				fewest, best, free = n, i, 1022-used
			}
		}
	}
	if best < 0 {
		return true
	}
	for digit := 1; digit < 10; digit++ {
		if free&(1<<digit) != 0 {
			put(best, digit)
			if solve() {
				return true
			}
			takeBack(best)
		}
	}
	return false
}

func main() {
	puzzles := []string{
		"8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
		"..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9",
		"4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......",
		"52...6.........7.13...........4..8..6......5...........418.........3..2...87.....",
		"1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3..",
	}
	n, sum := 15, 0
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	for k := 0; k < n; k++ {
		cells, rows, cols, boxes = [81]int{}, [9]uint{}, [9]uint{}, [9]uint{}
		for i, c := range puzzles[k%len(puzzles)] {
			if c != '.' {
				put(i, int(c-'0'))
			}
		}
		solve()
		sum += cells[0]*100 + cells[40]*10 + cells[80]
	}
	fmt.Println(sum, steps)
	for _, cell := range cells {
		fmt.Print(cell)
	}
	fmt.Println()
}
