public class nqueens {
    static boolean[] columns, rising, falling;

    static long place(int row, int n) {
        if (row == n) return 1;
        long count = 0;
        for (int c = 0; c < n; c++) {
            if (!columns[c] && !rising[row + c] && !falling[row - c + n]) {
                columns[c] = rising[row + c] = falling[row - c + n] = true;
                count += place(row + 1, n);
                columns[c] = rising[row + c] = falling[row - c + n] = false;
            }
        }
        return count;
    }

    public static void main(String[] args) {
        int n = args.length > 0 ? Integer.parseInt(args[0]) : 13;
        columns = new boolean[n];
        rising = new boolean[2 * n];
        falling = new boolean[2 * n + 1];
        System.out.println(place(0, n));
    }
}
