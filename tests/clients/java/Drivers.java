// The JDBC driver of PostgreSQL, with a database credential as its password, over verified TLS.
import java.io.StringReader;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.PGConnection;

class Drivers {
  static final HttpClient HTTP = HttpClient.newHttpClient();

  interface Check {
    void run() throws Exception;
  }

  /** Each outcome is one line of JSON on standard output. */
  static void check(String name, Check check) {
    String detail = "";
    try {
      check.run();
    } catch (Throwable failure) {
      detail = failure.toString().replaceAll("[\\\\\"\\s]+", " ");
    }
    String outcome = detail.isEmpty() ? "passed" : "failed";
    System.out.printf("{\"name\":\"%s\",\"outcome\":\"%s\",\"detail\":\"%s\"}%n", name, outcome, detail);
  }

  static void equal(Object got, Object expected) {
    if (!String.valueOf(got).equals(String.valueOf(expected)))
      throw new AssertionError("got " + got + ", expected " + expected);
  }

  static String credential() throws Exception {
    String body = "{\"endpoint\":\"" + System.getenv("ENDPOINT") + "\"}";
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(System.getenv("WORKSPACE") + "/api/2.0/postgres/credentials"))
            .header("Authorization", "Bearer " + System.getenv("TOKEN"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    String reply = HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
    Matcher token = Pattern.compile("\"token\"\\s*:\\s*\"([^\"]+)\"").matcher(reply);
    if (!token.find()) throw new IllegalStateException(reply);
    return token.group(1);
  }

  static Connection connect() throws Exception {
    return connect("postgres");
  }

  static Connection connect(String sslNegotiation) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", System.getenv("PGUSER"));
    properties.setProperty("password", credential());
    properties.setProperty("sslmode", "verify-full");
    properties.setProperty("sslrootcert", System.getenv("CA_FILE"));
    properties.setProperty("prepareThreshold", "2");
    properties.setProperty("sslNegotiation", sslNegotiation);
    String options = System.getenv("OPTIONS");
    if (options != null) properties.setProperty("options", options);
    String address = System.getenv("PGHOST") + ":" + System.getenv("PGPORT");
    return DriverManager.getConnection("jdbc:postgresql://" + address + "/" + System.getenv("PGDATABASE"), properties);
  }

  public static void main(String[] arguments) {
    check("pgjdbc: statements that it prepares after a few runs, and types", () -> {
      try (Connection connection = connect();
          PreparedStatement statement = connection.prepareStatement("SELECT ?::int + 1, ?::text, ?::numeric")) {
        for (int round = 0; round < 10; round++) {
          statement.setInt(1, round);
          statement.setString(2, "ä");
          statement.setBigDecimal(3, new java.math.BigDecimal("12.50"));
          ResultSet rows = statement.executeQuery();
          rows.next();
          equal(rows.getInt(1), round + 1);
          equal(rows.getString(2), "ä");
          equal(rows.getBigDecimal(3), "12.50");
        }
      }
    });

    check("pgjdbc: a batch, a transaction that is rolled back, and errors with their SQLSTATE", () -> {
      try (Connection connection = connect(); Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE IF NOT EXISTS jdbc_numbers (n int)");
        connection.setAutoCommit(false);
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO jdbc_numbers VALUES (?)")) {
          for (int n = 0; n < 100; n++) {
            insert.setInt(1, n);
            insert.addBatch();
          }
          equal(insert.executeBatch().length, 100);
        }
        connection.rollback();
        try {
          statement.execute("SELECT 1/0");
          throw new AssertionError("an error was expected");
        } catch (SQLException error) {
          equal(error.getSQLState(), "22012");
        }
        connection.rollback();
        ResultSet rows = statement.executeQuery("SELECT count(*) FROM jdbc_numbers");
        rows.next();
        equal(rows.getInt(1), 0);
        connection.commit();
      }
    });

    check("pgjdbc: rows in portions from a cursor, inside a transaction", () -> {
      try (Connection connection = connect()) {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
          statement.setFetchSize(50);
          ResultSet rows = statement.executeQuery("SELECT generate_series(1, 1000)");
          long sum = 0;
          while (rows.next()) sum += rows.getInt(1);
          equal(sum, 500500);
        }
        connection.commit();
      }
    });

    check("pgjdbc: COPY in both directions", () -> {
      try (Connection connection = connect(); Statement statement = connection.createStatement()) {
        statement.execute("CREATE TEMPORARY TABLE copied (n int)");
        var copying = connection.unwrap(PGConnection.class).getCopyAPI();
        equal(copying.copyIn("COPY copied FROM STDIN", new StringReader("1\n2\n3\n")), 3);
        StringWriter out = new StringWriter();
        copying.copyOut("COPY copied TO STDOUT", out);
        equal(out.toString().trim().replace('\n', ','), "1,2,3");
      }
    });

    check("pgjdbc: a running query is cancelled, and the session goes on", () -> {
      try (Connection connection = connect(); Statement statement = connection.createStatement()) {
        Thread canceller = new Thread(() -> {
          try {
            Thread.sleep(400);
            statement.cancel();
          } catch (Exception error) {
            throw new IllegalStateException(error);
          }
        });
        canceller.start();
        try {
          statement.execute("SELECT pg_sleep(60)");
          throw new AssertionError("it was not cancelled");
        } catch (SQLException error) {
          equal(error.getSQLState(), "57014");
        }
        canceller.join();
        statement.execute("SELECT 1");
      }
    });

    check("pgjdbc: direct TLS, LISTEN and NOTIFY", () -> {
      try (Connection connection = connect("direct"); Statement statement = connection.createStatement()) {
        statement.execute("LISTEN java");
        statement.execute("NOTIFY java, 'hello'");
        var heard = connection.unwrap(PGConnection.class).getNotifications(30_000);
        equal(heard.length, 1);
        equal(heard[0].getParameter(), "hello");
      }
    });
  }
}
