public class mandelbrot {
    static int iterations(double cx, double cy, int limit) {
        double x = 0.0, y = 0.0;
        int n = 0;
        while (n < limit && x * x + y * y <= 4.0) {
            double t = x * x - y * y + cx;
            y = 2.0 * x * y + cy;
            x = t;
            n++;
        }
        return n;
    }

    public static void main(String[] args) {
        int size = args.length > 0 ? Integer.parseInt(args[0]) : 1200;
        long inside = 0, total = 0;
        for (int row = 0; row < size; row++) {
            for (int column = 0; column < size; column++) {
                int n = iterations(3.0 * column / size - 2.25, 3.0 * row / size - 1.5, 200);
                total += n;
                if (n == 200) inside++;
            }
        }
        System.out.println(inside + " " + total);
    }
}
