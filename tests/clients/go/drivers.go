// The ordinary Postgres drivers of Go, each with a database credential as its password, over verified TLS.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/lib/pq"
)

// Each outcome is one line of JSON on standard output; a check that panics has failed.
func check(name string, run func(context.Context)) {
	outcome, detail := "passed", ""
	func() {
		defer func() {
			if failure := recover(); failure != nil {
				outcome, detail = "failed", fmt.Sprint(failure)
			}
		}()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		run(ctx)
	}()
	line, _ := json.Marshal(struct {
		Name    string `json:"name"`
		Outcome string `json:"outcome"`
		Detail  string `json:"detail"`
	}{name, outcome, detail})
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func equal(got, expected any) {
	if fmt.Sprint(got) != fmt.Sprint(expected) {
		panic(fmt.Sprintf("got %v, expected %v", got, expected))
	}
}

func credential() string {
	body := strings.NewReader(fmt.Sprintf(`{"endpoint":%q}`, os.Getenv("ENDPOINT")))
	request, err := http.NewRequest("POST", os.Getenv("WORKSPACE")+"/api/2.0/postgres/credentials", body)
	must(err)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("TOKEN"))
	request.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(request)
	must(err)
	defer reply.Body.Close()
	var answer struct{ Token string }
	must(json.NewDecoder(reply.Body).Decode(&answer))
	return answer.Token
}

// Host, user, database and options come from the PG* variables, which both drivers read.
func connectionString() string {
	return fmt.Sprintf("password=%s sslmode=verify-full sslrootcert=%s", credential(), os.Getenv("CA_FILE"))
}

func connectPgx(ctx context.Context) *pgx.Conn {
	config, err := pgx.ParseConfig(connectionString())
	must(err)
	if options := os.Getenv("OPTIONS"); options != "" {
		config.RuntimeParams["options"] = options
	}
	connection, err := pgx.ConnectConfig(ctx, config)
	must(err)
	return connection
}

func main() {
	check("pgx: types, and statements that it prepares and keeps", func(ctx context.Context) {
		connection := connectPgx(ctx)
		defer connection.Close(ctx)
		for round := 0; round < 3; round++ {
			var number int
			var at time.Time
			var raw []byte
			var list []string
			now := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
			row := connection.QueryRow(ctx, "SELECT $1::int, $2::timestamptz, $3::bytea, $4::text[]", round, now, []byte{0, 255}, []string{"ä", "b"})
			must(row.Scan(&number, &at, &raw, &list))
			equal(number, round)
			equal(at.UTC(), now)
			equal(raw, []byte{0, 255})
			equal(list, []string{"ä", "b"})
		}
	})

	check("pgx: a batch in one round trip, and a transaction", func(ctx context.Context) {
		connection := connectPgx(ctx)
		defer connection.Close(ctx)
		batch := &pgx.Batch{}
		for n := 0; n < 20; n++ {
			batch.Queue("SELECT $1::int + 1", n)
		}
		results := connection.SendBatch(ctx, batch)
		for n := 0; n < 20; n++ {
			var got int
			must(results.QueryRow().Scan(&got))
			equal(got, n+1)
		}
		must(results.Close())
		transaction, err := connection.Begin(ctx)
		must(err)
		_, err = transaction.Exec(ctx, "SELECT 1/0")
		var failure *pgconn.PgError
		if !errors.As(err, &failure) {
			panic(err)
		}
		equal(failure.Code, "22012")
		must(transaction.Rollback(ctx))
	})

	check("pgx: COPY in both directions", func(ctx context.Context) {
		connection := connectPgx(ctx)
		defer connection.Close(ctx)
		_, err := connection.Exec(ctx, "CREATE TEMPORARY TABLE copied (n int, t text)")
		must(err)
		rows := make([][]any, 1000)
		for n := range rows {
			rows[n] = []any{n, fmt.Sprint("row ", n)}
		}
		count, err := connection.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"n", "t"}, pgx.CopyFromRows(rows))
		must(err)
		equal(count, 1000)
		var out bytes.Buffer
		_, err = connection.PgConn().CopyTo(ctx, &out, "COPY copied TO STDOUT")
		must(err)
		equal(strings.Count(out.String(), "\n"), 1000)
	})

	check("pgx: a query whose context ends is cancelled by a request", func(ctx context.Context) {
		connection := connectPgx(ctx)
		defer connection.Close(ctx)
		time.AfterFunc(300*time.Millisecond, func() { _ = connection.PgConn().CancelRequest(ctx) })
		_, err := connection.Exec(ctx, "SELECT pg_sleep(60)")
		var failure *pgconn.PgError
		if !errors.As(err, &failure) {
			panic(fmt.Sprint("not an error of the server: ", err))
		}
		equal(failure.Code, "57014")
		var one int
		must(connection.QueryRow(ctx, "SELECT 1").Scan(&one))
	})

	check("pgx: a pool of its own, a hundred queries at once", func(ctx context.Context) {
		config, err := pgxpool.ParseConfig(connectionString())
		must(err)
		if options := os.Getenv("OPTIONS"); options != "" {
			config.ConnConfig.RuntimeParams["options"] = options
		}
		config.MaxConns = 5
		pool, err := pgxpool.NewWithConfig(ctx, config)
		must(err)
		defer pool.Close()
		var all sync.WaitGroup
		wrong := make(chan string, 100)
		for n := 0; n < 100; n++ {
			all.Add(1)
			go func() {
				defer all.Done()
				var got int
				if err := pool.QueryRow(ctx, "SELECT $1::int", n).Scan(&got); err != nil || got != n {
					wrong <- fmt.Sprint(n, got, err)
				}
			}()
		}
		all.Wait()
		equal(len(wrong), 0)
	})

	check("pgx: direct TLS, LISTEN and NOTIFY", func(ctx context.Context) {
		config, err := pgx.ParseConfig(connectionString() + " sslnegotiation=direct")
		must(err)
		if options := os.Getenv("OPTIONS"); options != "" {
			config.RuntimeParams["options"] = options
		}
		connection, err := pgx.ConnectConfig(ctx, config)
		must(err)
		defer connection.Close(ctx)
		_, err = connection.Exec(ctx, "LISTEN gone")
		must(err)
		_, err = connection.Exec(ctx, "NOTIFY gone, 'hello'")
		must(err)
		heard, err := connection.WaitForNotification(ctx)
		must(err)
		equal(heard.Payload, "hello")
	})

	check("lib/pq: types, prepared statements, COPY and errors", func(ctx context.Context) {
		text := connectionString()
		if options := os.Getenv("OPTIONS"); options != "" {
			text += " options=" + options
		}
		database, err := sql.Open("postgres", text)
		must(err)
		defer database.Close()
		database.SetMaxOpenConns(1)
		prepared, err := database.PrepareContext(ctx, "SELECT $1::int * 2")
		must(err)
		for n := 0; n < 5; n++ {
			var got int
			must(prepared.QueryRowContext(ctx, n).Scan(&got))
			equal(got, n*2)
		}
		transaction, err := database.BeginTx(ctx, nil)
		must(err)
		_, err = transaction.ExecContext(ctx, "CREATE TEMPORARY TABLE copied (n int) ON COMMIT DROP")
		must(err)
		copying, err := transaction.PrepareContext(ctx, pq.CopyIn("copied", "n"))
		must(err)
		for n := 0; n < 100; n++ {
			_, err = copying.ExecContext(ctx, n)
			must(err)
		}
		_, err = copying.ExecContext(ctx)
		must(err)
		must(copying.Close())
		var sum int
		must(transaction.QueryRowContext(ctx, "SELECT sum(n) FROM copied").Scan(&sum))
		equal(sum, 4950)
		_, err = transaction.ExecContext(ctx, "SELECT nothing FROM nowhere")
		var failure *pq.Error
		if !errors.As(err, &failure) {
			panic(err)
		}
		equal(failure.Code, "42P01")
		must(transaction.Rollback())
	})
}
