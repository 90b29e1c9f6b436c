// A HikariCP pool of pgjdbc connections that is idle between rounds. Each line on standard input begins a round, in which all connections of the pool
// work at once; what they saw is a line of JSON.
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

class IdlePools {
  static final int SIZE = Integer.parseInt(System.getenv("POOL_SIZE"));
  static final AtomicInteger NAMES = new AtomicInteger();

  record Seen(String who, int pid) {}

  static HikariDataSource pool() {
    HikariConfig config = new HikariConfig();
    String address = System.getenv("PGHOST") + ":" + System.getenv("PGPORT");
    config.setJdbcUrl("jdbc:postgresql://" + address + "/" + System.getenv("PGDATABASE"));
    config.setUsername(System.getenv("PGUSER"));
    config.setPassword(System.getenv("PGPASSWORD"));
    config.addDataSourceProperty("sslmode", "verify-full");
    config.addDataSourceProperty("sslrootcert", System.getenv("CA_FILE"));
    // A statement is prepared under a name at its first use.
    config.addDataSourceProperty("prepareThreshold", "1");
    config.setAutoCommit(false);
    config.setMinimumIdle(SIZE);
    config.setMaximumPoolSize(SIZE);
    config.setConnectionTimeout(60_000);
    return new HikariDataSource(config);
  }

  static Seen work(Connection connection) throws Exception {
    String look = "select current_setting('app.who', true), pg_backend_pid(), ?::int + 1";
    String who;
    int pid;
    try (PreparedStatement statement = connection.prepareStatement(look)) {
      statement.setInt(1, 41);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        who = rows.getString(1);
        pid = rows.getInt(2);
        if (rows.getInt(3) != 42) throw new AssertionError(rows.getInt(3));
      }
    }
    connection.commit();
    if (who == null || who.isEmpty()) {
      who = "client " + NAMES.incrementAndGet();
      try (PreparedStatement statement = connection.prepareStatement("select set_config('app.who', ?, false)")) {
        statement.setString(1, who);
        statement.execute();
      }
      connection.commit();
    }
    return new Seen(who, pid);
  }

  static String round(HikariDataSource pool, ExecutorService threads) throws Exception {
    List<Future<Connection>> taken = new ArrayList<>();
    for (int i = 0; i < SIZE; i++) taken.add(threads.submit(() -> pool.getConnection()));
    List<Connection> connections = new ArrayList<>();
    for (Future<Connection> each : taken) connections.add(each.get());
    List<Future<Seen>> works = new ArrayList<>();
    for (Connection each : connections) works.add(threads.submit(() -> work(each)));
    List<String> who = new ArrayList<>();
    List<String> pids = new ArrayList<>();
    List<String> errors = new ArrayList<>();
    for (Future<Seen> each : works) {
      try {
        who.add("\"" + each.get().who() + "\"");
        pids.add(String.valueOf(each.get().pid()));
      } catch (Exception error) {
        errors.add("\"" + error.toString().replaceAll("[\\\\\"\\s]+", " ") + "\"");
      }
    }
    for (Connection each : connections) each.close();
    return String.format("{\"who\":[%s],\"pids\":[%s],\"errors\":[%s]}", join(who), join(pids), join(errors));
  }

  static String join(List<String> items) {
    return String.join(",", items);
  }

  public static void main(String[] args) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(SIZE);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    try (HikariDataSource pool = pool()) {
      for (String line = input.readLine(); line != null; line = input.readLine())
        if (line.equals("round")) System.out.println(round(pool, threads));
    }
    threads.shutdown();
  }
}
