CREATE TABLE likes (
  id BIGINT UNSIGNED PRIMARY KEY, title VARCHAR(100), price DECIMAL(10,3),
  made TIMESTAMP(3) NULL, day DATE, at TIME, e ENUM('a','b'), s SET('x','y'), b BIT(9), bl BLOB,
  y YEAR, f DOUBLE, score BIGINT, KEY by_score (score));
INSERT INTO likes VALUES
  (1, 'é你''"`\\', 1.5, '2026-01-02 03:04:05.678', '2026-01-02', '-12:00:00', 'b', 'x,y', b'100000001',
   x'ff00', 2026, 1.5, 5),
  (18446744073709551615, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 5),
  (3, 'never ranked', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (2, 'low', 0, NULL, '0000-00-00', '838:59:59', NULL, '', NULL, '', NULL, NULL, -7);
CREATE TABLE words (word VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, score DECIMAL(20,4), KEY (score));
INSERT INTO words VALUES ('a', 1), ('B', 1), ('é', 1), ('z', 1), ('𝒳', 1), ('9', 1), ('10', 1), ('low', 0.5),
  ('top', 99999999999999.9999), ('none', NULL);
CREATE TABLE latin (word VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY, score INT, KEY (score));
INSERT INTO latin VALUES ('é', 1), ('z', 1), ('ÿ', 1);
CREATE TABLE many (id INT PRIMARY KEY, score INT NOT NULL, KEY (score));
INSERT INTO many SELECT seq, seq % 1000 FROM seq_1_to_20000;
CREATE TABLE unindexed (id INT PRIMARY KEY, word VARCHAR(9) NOT NULL, score INT, UNIQUE (word));
CREATE TABLE composite (a INT, b INT, score INT, PRIMARY KEY (a, b), KEY (a));
CREATE TABLE odd (id INT PRIMARY KEY, nullable INT UNIQUE, plain INT NOT NULL, real_score DOUBLE, day DATE, blobkey VARBINARY(9) NOT NULL UNIQUE, score INT);
CREATE TABLE `we``ird` (`k``ey` INT PRIMARY KEY, `sc ore` INT, `select` INT);
INSERT INTO `we``ird` VALUES (1, 2, 3);
CREATE TABLE parent (id INT PRIMARY KEY);
CREATE TABLE child (id INT PRIMARY KEY, parent INT, score INT, KEY (score),
  CONSTRAINT follows FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE);
CREATE VIEW seen AS SELECT * FROM likes;
