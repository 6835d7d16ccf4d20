public class matmul {
    static double[][] make(int n, int factor) {
        double[][] rows = new double[n][n];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) rows[i][j] = (i * 31 + j * factor) % 17 * 0.5;
        return rows;
    }

    static double[][] multiply(double[][] a, double[][] b) {
        int n = a.length;
        double[][] c = new double[n][n];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double sum = 0.0;
                for (int k = 0; k < n; k++) sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        return c;
    }

    static String text(double x) {
        return x == (long) x ? Long.toString((long) x) : Double.toString(x);
    }

    public static void main(String[] args) {
        int n = args.length > 0 ? Integer.parseInt(args[0]) : 400;
        double[][] c = multiply(make(n, 7), make(n, 3));
        double trace = 0.0;
        for (int i = 0; i < n; i++) trace += c[i][i];
        System.out.println(text(trace) + " " + text(c[0][n - 1]) + " " + text(c[n / 2][n / 3]));
    }
}
