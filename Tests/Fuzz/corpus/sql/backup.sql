BACKUP TABLE trades, "odd name" PARTITION LIST '2020-01-01' INCREMENTAL FROM 'x' TO '/a' AS 'b' WITH (verify = true, rate = '100MB')
